//! Calls that may be made so often, as the platform's limiters count them.

use std::time::Duration;

use worker::{Request, console_error};

use super::Cx;
use crate::{
    asking::within,
    failure::Failure,
    rates::{self, Action, Address, Limiter, Subject},
};

/// How long a limiter may take; it lies in the same data centre.
const LIMIT: Duration = Duration::from_secs(1);

/// A 429 when this call was made too often by, or about, this subject.
pub(crate) async fn measured(cx: &Cx, req: &Request, action: Action, subject: Subject<'_>) -> Result<(), Failure> {
    let from = Address::read(req.headers().get("cf-connecting-ip")?.as_deref());
    let (limiter, key) = rates::measure(action, subject, &from);
    match within(LIMIT, allows(cx, limiter, key)).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(Failure::rate_limited(rates::PERIOD_S)),
        // A limiter that fails must not keep everyone out.
        Ok(Err(error)) => {
            console_error!("{limiter:?}: {error}");
            Ok(())
        }
        Err(late) => {
            console_error!("{limiter:?}: {late}");
            Ok(())
        }
    }
}

async fn allows(cx: &Cx, limiter: Limiter, key: String) -> worker::Result<bool> {
    Ok(cx.env.rate_limiter(limiter.binding())?.limit(key).await?.success)
}
