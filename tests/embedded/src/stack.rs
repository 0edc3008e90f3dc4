//! How much stack a call needs: the unused part is painted, and what lost its paint was used.

use core::arch::asm;
use core::hint::black_box;
use core::ptr;

const PAINT: u32 = 0xa5c3_5a3c;

/// At most this much is painted: more than any call here needs, and soon done.
const DEPTH: usize = 32 * 1024;

unsafe extern "C" {
    /// The end of the statics; the linker script of cortex-m-rt defines it.
    static __sheap: u8;
}

fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

/// The lowest address that the stack may reach, or that is painted.
fn lowest(top: usize) -> usize {
    let statics_end = (&raw const __sheap).addr().next_multiple_of(4);
    statics_end.max(top.saturating_sub(DEPTH) & !3)
}

/// Paints the stack below `top`, which must lie below everything that is in use.
#[inline(never)]
fn paint(top: usize) {
    let mut at = lowest(top);
    while at < top.min(stack_pointer()) {
        // SAFETY: between the statics and the stack pointer nothing is in use.
        unsafe { ptr::with_exposed_provenance_mut::<u32>(at).write_volatile(PAINT) };
        at += 4;
    }
}

/// The lowest address that lost its paint.
#[inline(never)]
fn high_water(top: usize) -> usize {
    let mut at = lowest(top);
    // SAFETY: memory of the stack; only its contents decide when to stop, and `top` does at the latest.
    while at < top && unsafe { ptr::with_exposed_provenance::<u32>(at).read_volatile() } == PAINT {
        at += 4;
    }
    at
}

/// Runs `f` and tells how many bytes of stack it used, its own frame included; `None` where it used all that was
/// painted, so that the figure would be too small.
#[inline(never)]
pub fn measure<R>(f: impl FnOnce() -> R) -> (R, Option<usize>) {
    #[inline(never)]
    fn call<R>(f: impl FnOnce() -> R) -> R {
        black_box(f())
    }
    let top = stack_pointer() & !3;
    paint(top);
    let result = call(f);
    let reached = high_water(top);
    (result, (reached > lowest(top)).then(|| top - reached))
}
