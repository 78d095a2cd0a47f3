//! The allocator of the programs: mimalloc, since rasters are allocated and freed by many threads,
//! where the system's allocator is slow.

use std::ffi::c_int;

pub use mimalloc::MiMalloc as Allocator;

/// `mi_option_purge_delay` of `mimalloc.h`; the bindings leave it out.
const PURGE_DELAY: c_int = 15;

/// Lets the allocator give memory back to the system as soon as it is free, unless
/// `MIMALLOC_PURGE_DELAY` says otherwise.
///
/// Its own default is to wait for a second, longer than an image takes, so that rasters that are freed
/// count beside those that follow them: a fifth of the peak with one image of 15 megapixels. What is
/// allocated next is new to the process, which costs the kernel time; `docs/benchmarks.md` says how much.
pub fn free_at_once() {
    #[expect(unsafe_code, reason = "a setting of a C library")]
    // SAFETY: takes two integers and stores one of them in a table of options, of which this is one.
    unsafe {
        libmimalloc_sys::mi_option_set_default(PURGE_DELAY, 0);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[global_allocator]
    static ALLOCATOR: Allocator = Allocator;

    fn resident_kib() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        kib.expect("a line `VmRSS: 12345 kB`")
    }

    #[test]
    fn freed_memory_goes_back_to_the_system() {
        free_at_once();
        let raster = std::hint::black_box(vec![1_u8; 64 << 20]);
        let held = resident_kib();
        drop(raster);
        let left = resident_kib();
        assert!(left + (48 << 10) < held, "{left} KiB left of {held}");
    }
}
