//! Examples of embedding Tacenda; see the folders beside this one.
