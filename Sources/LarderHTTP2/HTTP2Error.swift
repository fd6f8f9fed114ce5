/// What ends a whole connection from inside the session: after one of these only closing is left.
///
/// Faults that HTTP/2 lets a peer be told about (a GOAWAY with a code) are no errors here: the
/// GOAWAY is queued, `wantsRead` turns false and `terminationCode` tells the code.
package enum HTTP2Error: Error, Equatable, Sendable {
    /// The peer did not begin with the HTTP/2 connection preface.
    case badPreface
    /// Too many answers (SETTINGS and PING acknowledgements) wait to be read by the peer.
    case flooded
    /// One header block was spread over too many CONTINUATION frames.
    case tooManyContinuations
    case outOfMemory
    /// A bound of the session was passed while frames were being recorded.
    case callbackFailed
    /// Any other fatal code of the library.
    case library(code: Int32)
}
