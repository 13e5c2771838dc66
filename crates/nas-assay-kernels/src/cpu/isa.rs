//! The instruction sets that a kernel is compiled for: one body of code, compiled once for any processor and once for AVX2 and FMA.
//!
//! Both compilations do the same additions and fused multiply-adds on the same numbers in the same order. The compiler may not reorder
//! floating-point arithmetic, so the bits agree; only the speed differs. Loops written by hand for AVX-512 do the same additions in the
//! same order too, more of them at a time.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

use thiserror::Error;

use super::element::Element;

/// The vector instructions that kernels use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Level);

/// Private, so that an [`Isa`] exists only where the processor supports it. Each level includes the levels before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Portable = 1,
    Avx2,
    Avx512,
}

/// Instructions that a kernel cannot use.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IsaError {
    /// No instructions have this name.
    #[error("no instruction set is called `{0}`; there are {names}", names = Isa::NAMES.join(", "))]
    Unknown(String),
    /// The processor does not have them.
    #[error("this processor does not have the instruction set {name}; it has {}", has.join(", "))]
    Absent {
        /// The instructions that were asked for.
        name: String,
        /// Those that it has, from slow to fast.
        has: Vec<&'static str>,
    },
}

/// The level that [`Isa::set_default`] chose; 0 if it did not.
static DEFAULT: AtomicU8 = AtomicU8::new(0);

thread_local! { static FORCED: Cell<Option<Isa>> = const { Cell::new(None) } }

impl Isa {
    /// No vector instructions beyond those of every processor of the target.
    pub const PORTABLE: Self = Self(Level::Portable);

    /// The fastest that this processor supports.
    pub fn detected() -> Self {
        Self::available().last().copied().unwrap_or(Self::PORTABLE)
    }

    /// All that this processor supports, from slow to fast.
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

    /// The names of all instruction sets, from slow to fast.
    pub const NAMES: [&'static str; 3] = ["portable", "avx2", "avx512"];

    /// Its name: `portable`, `avx2` (with FMA) or `avx512`.
    pub fn name(self) -> &'static str {
        Self::NAMES[self.0 as usize - 1]
    }

    /// The instruction set called `name`, if this processor has it.
    ///
    /// # Errors
    /// [`IsaError::Unknown`] if nothing is called so, [`IsaError::Absent`] if the processor does not have it.
    pub fn named(name: &str) -> Result<Self, IsaError> {
        Self::named_among(name, Self::available())
    }

    fn named_among(name: &str, available: &[Self]) -> Result<Self, IsaError> {
        let name = name.to_owned();
        match available.iter().find(|isa| isa.name() == name) {
            Some(isa) => Ok(*isa),
            None if !Self::NAMES.contains(&name.as_str()) => Err(IsaError::Unknown(name)),
            None => Err(IsaError::Absent { name, has: available.iter().map(|isa| isa.name()).collect() }),
        }
    }

    /// What a kernel called on this thread uses: the choice of [`Isa::force`], else that of [`Isa::set_default`], else [`Isa::detected`].
    pub fn current() -> Self {
        let default = DEFAULT.load(Ordering::Relaxed);
        let chosen = || Self::available().iter().copied().find(|isa| isa.0 as u8 == default);
        FORCED.get().or_else(chosen).unwrap_or_else(Self::detected)
    }

    /// From now on, all kernels of the process use these instructions, except within [`Isa::force`]. No bit of a result depends on it: it is
    /// for checking just that, and for measuring time.
    pub fn set_default(self) {
        DEFAULT.store(self.0 as u8, Ordering::Relaxed);
    }

    /// Runs `work`. All kernels called from it on this thread use these instructions, on all threads that they run on.
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

    /// Whether kernels may use AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn has_avx2(self) -> bool {
        self.0 >= Level::Avx2
    }

    /// Whether kernels may use AVX-512F.
    pub(super) fn has_avx512(self) -> bool {
        self.0 == Level::Avx512
    }

    /// Whether kernels run the loops written for AVX-512 on elements of this type. These loops exist for `f32` only.
    pub(super) fn runs_avx512<T: Element>(self) -> bool {
        self.has_avx512() && T::as_f32(&[]).is_some()
    }
}

/// Defines a function of an [`Isa`] and the given arguments, whose body is compiled once for each instruction set.
///
/// The first parameter in angle brackets is an [`Element`] type, the others are `const usize`.
macro_rules! vectorised {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident<$T:ident $(, $N:ident)*>($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block
    ) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments, clippy::allow_attributes, reason = "a kernel needs all of its arguments")]
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
                    // SAFETY: such an `Isa` exists only if AVX2 and FMA were detected on this processor.
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
        Isa::PORTABLE.force(|| assert_eq!(Isa::current(), Isa::PORTABLE));
        let panicked = std::panic::catch_unwind(|| Isa::PORTABLE.force(|| panic!("on purpose")));
        assert!(panicked.is_err());
        assert_eq!(FORCED.get(), None);
    }

    #[test]
    fn instruction_sets_are_found_by_name_if_the_processor_has_them() {
        let all = [Level::Portable, Level::Avx2, Level::Avx512].map(Isa);
        assert_eq!(all.map(Isa::name), Isa::NAMES);
        for isa in all {
            assert_eq!(Isa::named_among(isa.name(), &all), Ok(isa));
        }
        for isa in Isa::available() {
            assert_eq!(Isa::named(isa.name()), Ok(*isa));
        }
        let message = |name: &str| Isa::named_among(name, &all[..2]).unwrap_err().to_string();
        assert_eq!(message("avx512"), "this processor does not have the instruction set avx512; it has portable, avx2");
        assert_eq!(message("sse"), "no instruction set is called `sse`; there are portable, avx2, avx512");
    }

    /// The choice for a thread goes before that for the process. Other tests may run meanwhile: their results do not depend on it.
    #[test]
    fn the_default_holds_for_every_thread() {
        for isa in Isa::available() {
            isa.set_default();
            let elsewhere = std::thread::spawn(Isa::current).join().unwrap();
            assert_eq!((Isa::current(), elsewhere), (*isa, *isa));
            Isa::PORTABLE.force(|| assert_eq!(Isa::current(), Isa::PORTABLE));
        }
        assert_eq!(Isa::current(), Isa::detected());
    }
}
