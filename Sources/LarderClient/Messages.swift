// Calls are made with the messages themselves, so whoever imports the client has them too.
@_exported public import LarderProtocol
