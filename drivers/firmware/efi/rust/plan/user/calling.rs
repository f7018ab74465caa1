// SPDX-License-Identifier: GPL-2.0

//! One call of firmware in user mode. Its arguments are copied to memory that firmware can reach,
//! and what firmware has written there is copied back.

use crate::plan::{
    firmware::{
        service::Service,
        status::Status,
        width::Width, //
    },
    user::arguments::{
        Arguments,
        Place,
        ALIGNMENT, //
    },
};

/// The most arguments that a service has.
pub(crate) const MOST_ARGS: usize = 5;

/// Firmware that can be called.
pub(crate) trait Firmware {
    type Ready: Ready;

    /// Begins a call of `service`.
    ///
    /// # Errors
    ///
    /// The status for the caller if the service is off, or firmware is busy.
    fn begin(&self, service: &'static Service) -> Result<Self::Ready, Status>;

    /// Tells if `service`, which says that it has written `size` bytes, had `room` for them. If not,
    /// firmware is blamed.
    fn fits(&self, service: &Service, size: usize, room: usize) -> bool;
}

/// Firmware that waits for one call.
pub(crate) trait Ready {
    type Memory: Memory;

    /// The width of firmware's numbers.
    fn width(&self) -> Width;

    /// The memory for arguments.
    fn memory(&mut self) -> &mut Self::Memory;

    /// Makes the call, and returns the status and the memory as firmware has left it.
    ///
    /// # Errors
    ///
    /// The status for the caller if firmware has not answered.
    fn run(self, args: [u64; MOST_ARGS]) -> Result<(Status, Self::Memory), Status>;
}

/// Memory that firmware can reach. What earlier calls have left is still there.
pub(crate) trait Memory {
    /// The number of bytes.
    fn room(&self) -> usize;

    /// The address of `place` for firmware.
    fn address_of(&self, place: Place) -> u64;

    /// Fills `place` with zeros.
    fn clear(&mut self, place: Place);

    /// Copies `bytes` to `place`, as far as both go.
    fn write(&mut self, place: Place, bytes: &[u8]);

    /// Copies the bytes at `place` to `target`, as far as both go.
    fn read(&self, place: Place, target: &mut [u8]);
}

/// Memory of the caller that firmware's answer goes to, with the place of the answer; or a NULL
/// pointer.
pub(super) type Output<'a> = Option<(Place, &'a mut [u8])>;

/// A call that is prepared.
pub(super) struct Call<R> {
    ready: R,
    places: Arguments,
    args: [u64; MOST_ARGS],
    count: usize,
}

impl<R: Ready> Call<R> {
    pub(super) fn new(mut ready: R) -> Self {
        Self {
            places: Arguments::new(ready.memory().room()),
            ready,
            args: [0; MOST_ARGS],
            count: 0,
        }
    }

    /// Adds an argument of a fixed size.
    pub(super) fn value(&mut self, value: u32) {
        self.arg(value.into());
    }

    /// Adds an argument that is a number of firmware's width.
    pub(super) fn uintn(&mut self, value: usize) {
        let value = self.in_width(value);
        self.arg(value);
    }

    /// Adds an argument that points to a number of firmware's width, and returns its place.
    ///
    /// # Errors
    ///
    /// As for [`Self::room`].
    pub(super) fn uintn_at(&mut self, value: usize) -> Result<Place, Status> {
        let bytes = self.in_width(value).to_le_bytes();
        let place = self.room(self.ready.width().pointer_size())?;
        self.ready.memory().write(place, &bytes);
        Ok(place)
    }

    /// Adds an argument that points to a copy of `bytes`, or to nothing.
    ///
    /// # Errors
    ///
    /// As for [`Self::room`].
    pub(super) fn input(&mut self, bytes: Option<&[u8]>) -> Result<(), Status> {
        match bytes {
            Some(bytes) => self.input_in(bytes.len(), bytes).map(|_| ()),
            None => {
                self.arg(0);
                Ok(())
            }
        }
    }

    /// Adds an argument that points to `size` bytes, a copy of `bytes` and zeros, and returns their
    /// place.
    ///
    /// # Errors
    ///
    /// As for [`Self::room`].
    pub(super) fn input_in(&mut self, size: usize, bytes: &[u8]) -> Result<Place, Status> {
        let place = self.room(size)?;
        self.ready.memory().write(place, bytes);
        Ok(place)
    }

    /// Adds an argument that firmware writes to, or a NULL pointer.
    ///
    /// # Errors
    ///
    /// As for [`Self::room`].
    pub(super) fn output<'a>(
        &mut self,
        target: Option<&'a mut [u8]>,
    ) -> Result<Output<'a>, Status> {
        match target {
            Some(target) => Ok(Some((self.room(target.len())?, target))),
            None => {
                self.arg(0);
                Ok(None)
            }
        }
    }

    /// The most bytes that an argument can have behind a number.
    pub(super) fn left_after_number(&self) -> usize {
        self.places.left().saturating_sub(ALIGNMENT)
    }

    /// Calls firmware.
    ///
    /// # Errors
    ///
    /// The status for the caller if firmware has not answered.
    pub(super) fn run(self) -> Result<Answer<R::Memory>, Status> {
        let (status, memory) = self.ready.run(self.args)?;
        Ok(Answer { status, memory })
    }

    /// Adds an argument that points to `size` zeros, and returns their place. Otherwise a caller
    /// whose answer firmware leaves out would get what an earlier caller has given.
    ///
    /// # Errors
    ///
    /// [`Status::OUT_OF_RESOURCES`] if there is no room for them.
    fn room(&mut self, size: usize) -> Result<Place, Status> {
        let place = self.places.place(size).ok_or(Status::OUT_OF_RESOURCES)?;
        let memory = self.ready.memory();
        memory.clear(place);
        let address = memory.address_of(place);
        self.arg(address);
        Ok(place)
    }

    fn arg(&mut self, value: u64) {
        if let Some(arg) = self.args.get_mut(self.count) {
            *arg = value;
        }
        self.count += 1;
    }

    /// The number as firmware can have it. One that is too large stays larger than any size that
    /// firmware knows: without its upper half, it could be the 0 that deletes a variable.
    fn in_width(&self, value: usize) -> u64 {
        (value as u64).min(self.ready.width().largest())
    }
}

/// The answer of firmware, with its memory.
pub(super) struct Answer<M> {
    pub(super) status: Status,
    memory: M,
}

impl<M: Memory> Answer<M> {
    /// Gives the caller what firmware has written, if the service was successful, and returns the
    /// status.
    pub(super) fn give<const N: usize>(&self, outputs: [Output<'_>; N]) -> Status {
        if self.status == Status::SUCCESS {
            outputs.into_iter().for_each(|output| self.copy(output));
        }
        self.status
    }

    /// Gives the caller what firmware has written.
    pub(super) fn copy(&self, output: Output<'_>) {
        if let Some((place, target)) = output {
            self.memory.read(place, target);
        }
    }

    /// The number at `place`, which [`Call::uintn_at`] has given.
    pub(super) fn uintn(&self, place: Place) -> usize {
        let mut bytes = [0; size_of::<usize>()];
        self.memory.read(place, &mut bytes);
        usize::from_le_bytes(bytes)
    }
}
