// LarderService
