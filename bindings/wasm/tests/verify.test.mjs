// The vectors that Rust and Python run too: the same outcome, whatever the language.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";

assert.ok(process.env.TACENDA_WASM, "TACENDA_WASM names no package: run `cargo xtask wasm-bindings`");
const require = createRequire(import.meta.url);
const { verifyReceipt } = require(join(process.env.TACENDA_WASM, "tacenda_wasm.js"));

const folder = new URL("../../../vectors/log/", import.meta.url);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a vector: lines `name: value`, an empty line, and the receipt byte by byte. */
function read(name) {
    const text = utf8.decode(readFileSync(new URL(name, folder)));
    const end = text.indexOf("\n\n");
    assert.ok(end > 0, `${name} has no head`);
    const vector = { receipt: text.slice(end + 2), vkeys: [] };
    for (const line of text.slice(0, end).split("\n")) {
        const [, key, value] = /^([a-z]+): ?(.*)$/.exec(line);
        if (key === "vkey") vector.vkeys.push(value);
        else vector[key] = value;
    }
    return vector;
}

/** What is thrown; fails if nothing is. */
function thrown(call) {
    try {
        call();
    } catch (error) {
        return error;
    }
    return assert.fail("nothing was thrown");
}

const names = readdirSync(folder).filter((name) => name.endsWith(".txt"));

test("there are vectors of both kinds", () => {
    const outcomes = new Set(names.map((name) => read(name).expect));
    assert.ok(outcomes.has("ok"));
    assert.ok(outcomes.size >= 5);
});

for (const name of names) {
    test(`vectors/log/${name}`, () => {
        const vector = read(name);
        const call = () => verifyReceipt(vector.receipt, vector.vkeys.join("\n"));
        if (vector.expect === "ok") {
            assert.deepEqual(call(), {
                origin: vector.origin,
                size: BigInt(vector.size),
                index: BigInt(vector.index),
                leaf: new Uint8Array(Buffer.from(vector.leaf, "hex")),
            });
        } else {
            const error = thrown(call);
            assert.ok(error instanceof Error);
            assert.equal(error.code, vector.expect);
        }
    });
}

test("an error has a name, a code, a kind and a retry status", () => {
    const error = thrown(() => verifyReceipt("", read("receipt.txt").vkeys.join("\n")));
    assert.ok(error instanceof Error);
    assert.equal(error.name, "TacendaError");
    assert.equal(error.code, "log.proof_malformed");
    assert.equal(error.kind, "input");
    assert.equal(error.retry, "never");
    assert.match(error.message, /^log\.proof_malformed: /);
});

test("an error does not repeat what was given", () => {
    const secret = "canary-8f1d3b";
    for (const [receipt, vkeys] of [[secret, ""], ["", secret], [secret, secret]]) {
        const error = thrown(() => verifyReceipt(receipt, vkeys));
        assert.ok(!JSON.stringify([error.message, { ...error }]).includes(secret));
    }
});

test("the result belongs to its caller", () => {
    const { receipt, vkeys } = read("receipt.txt");
    const first = verifyReceipt(receipt, vkeys.join("\n"));
    first.leaf.fill(0);
    const second = verifyReceipt(receipt, vkeys.join("\n"));
    assert.ok(second.leaf.some((byte) => byte !== 0));
});
