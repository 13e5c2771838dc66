//! One body of code, compiled for plain x86-64 (or any other processor) and again for AVX2 with FMA.
//!
//! Both compilations do the same additions and fused multiply-adds on the same numbers in the same order; the compiler may
//! not reorder floating-point arithmetic, so the bits agree. Only the speed differs. Where a loop is written for AVX-512 by
//! hand, that holds for it too: it does the same additions in the same order, more of them at a time.

use std::cell::Cell;

use super::element::Element;

/// Which vectors the kernels compute with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Level);

/// Private, so that an [`Isa`] exists only where the processor has what it names. Each level includes those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Portable,
    Avx2,
    Avx512,
}

thread_local! { static FORCED: Cell<Option<Isa>> = const { Cell::new(None) } }

impl Isa {
    /// The compilation that runs everywhere.
    pub const PORTABLE: Self = Self(Level::Portable);

    /// The fastest one that this processor runs.
    pub fn detected() -> Self {
        Self::available().last().copied().unwrap_or(Self::PORTABLE)
    }

    /// All that this processor runs, from slow to fast.
    pub fn available() -> &'static [Self] {
        const ALL: [Isa; 3] = [Isa(Level::Portable), Isa(Level::Avx2), Isa(Level::Avx512)];
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx2") && has!("fma") {
                return if has!("avx512f") { &ALL } else { &ALL[..2] };
            }
        }
        &ALL[..1]
    }

    /// The one that a kernel called on this thread runs: [`Isa::detected`], unless [`Isa::force`] says otherwise.
    pub fn current() -> Self {
        FORCED.get().unwrap_or_else(Self::detected)
    }

    /// Runs `work` with all kernels that are called on this thread computing with these vectors, wherever their own threads are.
    pub fn force<R>(self, work: impl FnOnce() -> R) -> R {
        struct Restore(Option<Isa>);
        impl Drop for Restore {
            fn drop(&mut self) {
                FORCED.set(self.0);
            }
        }
        let _restore = Restore(FORCED.replace(Some(self)));
        work()
    }

    /// Whether AVX2 and FMA may be used.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn has_avx2(self) -> bool {
        self.0 >= Level::Avx2
    }

    /// Whether the foundation of AVX-512 may be used.
    pub(super) fn has_avx512(self) -> bool {
        self.0 == Level::Avx512
    }

    /// Whether kernels run the loops written for AVX-512 on elements of this type. These loops exist for `f32` only.
    pub(super) fn runs_avx512<T: Element>(self) -> bool {
        self.has_avx512() && T::as_f32(&[]).is_some()
    }
}

/// Defines a function of an [`Isa`] and the given arguments, whose body is compiled once for each.
///
/// The type parameter is an [`Element`](super::element::Element), the others are `const usize`.
macro_rules! vectorised {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident<$T:ident $(, $N:ident)*>($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block
    ) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments, clippy::allow_attributes, reason = "a kernel takes what it takes")]
        $vis fn $name<$T: $crate::cpu::element::Element, $(const $N: usize),*>(
            isa: $crate::cpu::isa::Isa, $($arg: $type),*
        ) $(-> $result)? {
            #[allow(clippy::too_many_arguments, clippy::allow_attributes, reason = "as above")]
            #[inline(always)]
            fn body<$T: $crate::cpu::element::Element, $(const $N: usize),*>($($arg: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[allow(clippy::too_many_arguments, clippy::allow_attributes, reason = "as above")]
                #[target_feature(enable = "avx2,fma")]
                fn avx2<$T: $crate::cpu::element::Element, $(const $N: usize),*>($($arg: $type),*) $(-> $result)? {
                    body::<$T, $($N),*>($($arg),*)
                }
                if isa.has_avx2() {
                    // SAFETY: such an `Isa` is made only by detecting AVX2 and FMA on this processor.
                    return unsafe { avx2::<$T, $($N),*>($($arg),*) };
                }
            }
            let _ = isa;
            body::<$T, $($N),*>($($arg),*)
        }
    };
}
pub(super) use vectorised;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forcing_ends_with_the_work_even_when_it_panics() {
        let before = Isa::current();
        Isa::PORTABLE.force(|| assert_eq!(Isa::current(), Isa::PORTABLE));
        let panicked = std::panic::catch_unwind(|| Isa::PORTABLE.force(|| panic!("on purpose")));
        assert!(panicked.is_err());
        assert_eq!(Isa::current(), before);
    }
}
