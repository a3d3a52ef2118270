//! Bodies that were read ⇒ valid ones, or code, on the threads of the caller's rayon pool.
//!
//! Invariant: all is as on one thread: the code, its order, and of several errors the first one in the module.

use rayon::prelude::*;
use wasmparser as wp;

use super::{ReadError, Reading, Waiting, build_checked, validate};
use crate::encode::Encoder;
use crate::open::Scratch;
use crate::{Body, Code, FuncId, FuncKind, Module, Verified};

/// Fewer functions than this are not worth waking a thread for.
const MIN_SHARE: usize = 16;

/// What one thread reuses from function to function.
struct Worker {
    body: Body,
    scratch: Scratch,
    allocations: wp::FuncValidatorAllocations,
    encoder: Encoder,
}

impl Worker {
    fn new() -> Worker {
        Worker {
            body: Body::new(&[], &[]),
            scratch: Scratch::default(),
            allocations: wp::FuncValidatorAllocations::default(),
            encoder: Encoder::without_positions(),
        }
    }

    /// The code of a body that is as it was read.
    fn reencode(
        &mut self,
        module: &Module,
        (func, to_validate): Waiting,
    ) -> Result<Option<(FuncId, Code)>, ReadError> {
        let FuncKind::Read(code) = &module.func(func).kind else { return Ok(None) };
        let mut validator = to_validate.into_validator(std::mem::take(&mut self.allocations));
        let Worker { body, scratch, encoder, .. } = self;
        build_checked(module, func, code, &mut validator, body, scratch)?;
        self.allocations = validator.into_allocations();
        Ok(Some((func, encoder.encode(Verified { module, func, body }))))
    }
}

impl Reading {
    /// Whether there is enough to do for more than one thread, and more than one to do it.
    pub(super) fn is_worth_threads(&self) -> bool {
        let waiting = self.waiting.as_ref().map_or(0, Vec::len);
        waiting >= 2 * MIN_SHARE && rayon::current_num_threads() > 1
    }

    /// The bodies, in order of the module.
    fn take_all(&mut self) -> Result<Vec<Waiting>, ReadError> {
        let mut all = std::mem::take(self.waiting.as_mut().map_err(|error| error.clone())?);
        all.reverse();
        Ok(all)
    }

    pub(super) fn reencode_at_once(&mut self) -> Result<(), ReadError> {
        let all = self.take_all()?;
        let module = &self.module;
        let codes: Vec<Result<Option<(FuncId, Code)>, ReadError>> = all
            .into_par_iter()
            .with_min_len(MIN_SHARE)
            .map_init(Worker::new, |worker, waiting| worker.reencode(module, waiting))
            .collect();
        for code in codes {
            match code {
                Ok(Some((func, code))) => self.module.define(func, code),
                Ok(None) => (),
                Err(error) => return self.fail(error),
            }
        }
        Ok(())
    }

    pub(super) fn finish_at_once(mut self) -> Result<Module, ReadError> {
        let all = self.take_all()?;
        let module = &self.module;
        let wrong = all
            .into_par_iter()
            .with_min_len(MIN_SHARE)
            .map_init(wp::FuncValidatorAllocations::default, |allocations, (func, to_validate)| {
                validate(module, func, to_validate, allocations).err()
            })
            .find_map_first(|wrong| wrong);
        match wrong {
            Some(error) => Err(error),
            None => Ok(self.module),
        }
    }
}
