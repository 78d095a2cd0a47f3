//! What the IIIF programs share: flags in the style of Go, logging, progress, exit codes.
