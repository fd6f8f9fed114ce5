import LarderGRPC
import Testing
