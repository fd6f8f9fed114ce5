/// A fault that is put into a world on purpose: a simulation that does not find it looks at nothing.
///
/// Each is committed by the simulator itself, behind the server's back or in its name; nothing of
/// it is in the server.
package enum PlantedFault: String, CaseIterable, Sendable {
    /// What a key held before comes back, version and all.
    case staleRead
    /// A value is half of what was written.
    case tornValue
    /// A write is answered as stored, and what was there before is there still.
    case lostUpdate
    /// A condition is not looked at.
    case lostCondition
    /// An item is served although its time is over.
    case lateExpiry
    /// An entry that was acknowledged to a load is another one.
    case wrongLoad
    /// An answer is never sent.
    case lostAnswer
    /// A stream is never given back.
    case leakedStream
    /// A value that was sent is held for ever.
    case leakedReference
    /// What a connection had waiting is not taken back when it goes.
    case leakedMemory
}
