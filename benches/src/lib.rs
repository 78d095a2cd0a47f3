//! Empty: everything is in the targets of this package.
