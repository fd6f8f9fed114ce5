// LarderHTTP2
