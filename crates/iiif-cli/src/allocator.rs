//! The allocator of the programs: mimalloc, since rasters are allocated and freed by many threads,
//! where the system's allocator is slow.

use std::ffi::{c_int, c_long};

pub use mimalloc::MiMalloc as Allocator;

/// `mi_option_purge_delay` of `mimalloc.h`; the bindings leave it out.
const PURGE_DELAY: c_int = 15;

/// Lets the allocator give memory back to the system as soon as it is free, unless
/// `MIMALLOC_PURGE_DELAY` says otherwise.
///
/// Rasters that are kept for a while count beside those that follow them: a fifth of the peak with one
/// image of 15 megapixels.
pub fn free_at_once() {
    set_purge_delay_ms(0);
}

/// Lets the allocator keep memory that is free for the next raster, a second at most, unless
/// `MIMALLOC_PURGE_DELAY` says otherwise.
///
/// Memory that is new to the process costs the kernel time: a tenth of a batch of many images, as
/// `docs/benchmarks.md` says. The peak is up to twice what is in use.
pub fn reuse_freed() {
    set_purge_delay_ms(1000);
}

/// Keeps Linux from giving this process 2 MiB where it asks for a page: half of what a program holds that
/// waits, and time to fill with zeros what is given back soon.
///
/// Only on Linux. What the allocator has by then stays as it is, so this may also be called before `main`, by
/// the loader: it needs nothing that is set up.
#[cfg(target_os = "linux")]
pub extern "C" fn use_small_pages() {
    #[expect(unsafe_code, reason = "a setting of the kernel")]
    // SAFETY: takes integers and changes how pages are given from now on (prctl(2)).
    unsafe {
        // Where the kernel knows nothing of it, pages are as they were.
        libc::prctl(libc::PR_SET_THP_DISABLE, 1_u64, 0_u64, 0_u64, 0_u64);
    }
}

fn set_purge_delay_ms(ms: c_long) {
    #[expect(unsafe_code, reason = "a setting of a C library")]
    // SAFETY: takes two integers and stores one of them in a table of options, of which this is one.
    unsafe {
        libmimalloc_sys::mi_option_set_default(PURGE_DELAY, ms);
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

    /// Returns the memory of the process with a raster of 64 MiB, and without it.
    fn resident_kib_before_and_after_drop() -> (usize, usize) {
        let raster = std::hint::black_box(vec![1_u8; 64 << 20]);
        let held = resident_kib();
        drop(raster);
        (held, resident_kib())
    }

    #[test]
    fn freed_memory_goes_back_to_the_system_or_is_kept_for_what_follows() {
        free_at_once();
        let (held, left) = resident_kib_before_and_after_drop();
        assert!(left + (48 << 10) < held, "{left} KiB left of {held}");
        reuse_freed();
        let (held, left) = resident_kib_before_and_after_drop();
        assert!(left + (48 << 10) > held, "{left} KiB left of {held}");
    }
}
