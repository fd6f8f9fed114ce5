// LarderProtocol
