// LarderIO
