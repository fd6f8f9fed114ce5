// LarderGRPC
