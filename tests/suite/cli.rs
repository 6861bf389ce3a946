//! The program on real files.
