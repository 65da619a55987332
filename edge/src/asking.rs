//! Asking what may not answer: never for longer than a limit, and once more where asking twice does no harm.

/// Whether a question may be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twice {
    /// Asking twice does the same as asking once.
    Harmless,
    /// When no answer came, it is not known whether it was done: doing it again could do it twice.
    Harmful,
}

/// Asks, and once more when no answer came (`unheard`) and that does no harm.
pub async fn ask<T, E>(
    twice: Twice,
    unheard: impl Fn(&E) -> bool,
    mut once: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, E> {
    match once().await {
        Err(error) if twice == Twice::Harmless && unheard(&error) => once().await,
        answer => answer,
    }
}

#[cfg(target_arch = "wasm32")]
pub(crate) use limit::within;

#[cfg(target_arch = "wasm32")]
mod limit {
    use std::{fmt, time::Duration};

    use futures_util::future::{Either, select};
    use worker::Delay;

    /// There was no answer in time; whether it was done is not known.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct TooLate(Duration);

    impl fmt::Display for TooLate {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "no answer within {} ms", self.0.as_millis())
        }
    }

    /// What comes of some work, unless it takes longer than `limit`.
    pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, TooLate> {
        match select(std::pin::pin!(work), Delay::from(limit)).await {
            Either::Left((done, _)) => Ok(done),
            Either::Right(_) => Err(TooLate(limit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    /// Asks something that answers as `answers` say; what came of it, and how often it was asked.
    fn asked(twice: Twice, answers: &[Result<u8, &'static str>]) -> (Result<u8, &'static str>, usize) {
        let mut times = 0;
        let answer = ask(
            twice,
            |error| *error == "unheard",
            async || {
                times += 1;
                answers[times - 1]
            },
        );
        let answer = answer.now_or_never().expect("nothing is waited for");
        (answer, times)
    }

    #[test]
    fn what_was_not_heard_is_asked_once_more_where_that_does_no_harm() {
        let unheard = Err("unheard");
        assert_eq!(asked(Twice::Harmless, &[Ok(1)]), (Ok(1), 1));
        assert_eq!(asked(Twice::Harmless, &[unheard, Ok(2)]), (Ok(2), 2));
        assert_eq!(asked(Twice::Harmless, &[unheard, unheard]), (unheard, 2));
        assert_eq!(asked(Twice::Harmful, &[unheard]), (unheard, 1));
    }

    #[test]
    fn an_answer_is_an_answer() {
        assert_eq!(asked(Twice::Harmless, &[Err("refused")]), (Err("refused"), 1));
    }
}
