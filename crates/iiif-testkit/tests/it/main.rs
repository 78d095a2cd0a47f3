//! The files of the kit, read by decoders that have nothing to do with it.

mod jpeg;
