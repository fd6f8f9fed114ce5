// LarderCache
