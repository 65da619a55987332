//! The data in D1, a module an aggregate.
