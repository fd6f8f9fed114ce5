import LarderClient

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Numbers as people read them.
enum Readable {
    /// 612,000
    static func count(_ number: UInt64) -> String {
        var text = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    /// 83.1 MiB
    static func bytes(_ number: UInt64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB"]
        guard number >= 1024 else { return "\(number) B" }
        var amount = Double(number) / 1024
        var index = 0
        while amount >= 1024, index < units.count - 1 {
            amount /= 1024
            index += 1
        }
        return "\(FixedPoint.text(amount, decimals: 1)) \(units[index])"
    }

    /// 211 k/s
    static func rate(_ count: UInt64, seconds: Double) -> String {
        let rate = seconds > 0 ? Double(count) / seconds : 0
        if rate >= 10_000 { return "\(Int(rate / 1000)) k/s" }
        return "\(Int(rate)) /s"
    }

    static func seconds(_ seconds: Double) -> String {
        "\(FixedPoint.text(seconds, decimals: 1)) s"
    }

    /// 0.0125, 3.41e+03: so many digits and no zeros behind them, as `%g` of C.
    static func number(_ number: Double, digits: Int32) -> String {
        let bytesMax = 64
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytesMax) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            let count = unsafe withVaList([digits, number]) {
                unsafe vsnprintf(base, bytesMax, "%.*g", $0)
            }
            return count > 0 && count < bytesMax ? unsafe String(cString: base) : ""
        }
    }
}
