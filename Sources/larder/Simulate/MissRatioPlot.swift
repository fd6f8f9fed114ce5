import LarderClient

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The miss-ratio curves of a simulation, as a picture in SVG: a line for each trace and policy,
/// the budget's share on a logarithmic axis below.
struct MissRatioPlot {
    private static let width = 760.0
    private static let height = 480.0
    private static let (left, right, top, bottom) = (60.0, 200.0, 20.0, 50.0)
    private static let hues = 137.5

    let cells: [SimulationReport.Cell]

    var svg: String {
        let shares = cells.map(\.share).filter { $0 > 0 }
        let least = log10(shares.min() ?? 0.001)
        let most = max(log10(shares.max() ?? 1), least + 0.1)
        let across = Self.width - Self.left - Self.right
        let down = Self.height - Self.top - Self.bottom
        func x(_ share: Double) -> Double {
            Self.left + (log10(share) - least) / (most - least) * across
        }
        func y(_ ratio: Double) -> Double { Self.top + (1 - ratio) * down }

        var parts = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(Self.width))" \
            height="\(Int(Self.height))" font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="white"/>
            """
        ]
        for tenth in stride(from: 0, through: 10, by: 2) {
            let ratio = Double(tenth) / 10
            parts.append(Self.line(Self.left, y(ratio), Self.left + across, y(ratio), "#ddd"))
            parts.append(Self.label("\(tenth * 10) %", Self.left - 6, y(ratio) + 4, "end"))
        }
        for share in Set(shares).sorted() {
            parts.append(Self.line(x(share), Self.top, x(share), Self.top + down, "#eee"))
            let text = "\(Readable.number(share * 100, digits: 3)) %"
            parts.append(Self.label(text, x(share), Self.top + down + 18, "middle"))
        }
        parts.append(
            Self.label(
                "budget, of the trace's unique bytes", Self.left + across / 2,
                Self.height - 12, "middle"))
        for (index, curve) in curves.enumerated() {
            let hue = Int(Double(index) * Self.hues) % 360
            let points = curve.cells.map { cell in
                Self.point(x(cell.share), y(cell.result.objectMissRatio))
            }.joined(separator: " ")
            parts.append(
                "<polyline fill=\"none\" stroke=\"hsl(\(hue),65%,42%)\" stroke-width=\"1.5\" "
                    + "points=\"\(points)\"/>")
            let place = Self.top + 12 + Double(index) * 16
            parts.append(
                Self.label(
                    curve.name, Self.left + across + 12, place, "start",
                    "hsl(\(hue),65%,42%)"))
        }
        parts.append("</svg>\n")
        return parts.joined(separator: "\n")
    }

    private var curves: [(name: String, cells: [SimulationReport.Cell])] {
        var names: [String] = []
        var byName: [String: [SimulationReport.Cell]] = [:]
        for cell in cells where cell.share > 0 {
            let name = "\(cell.trace) \(cell.policy)"
            if byName[name] == nil { names.append(name) }
            byName[name, default: []].append(cell)
        }
        return names.map { name in
            (name, (byName[name] ?? []).sorted { $0.share < $1.share })
        }
    }

    private static func point(_ x: Double, _ y: Double) -> String {
        "\(tenths(x)),\(tenths(y))"
    }

    private static func tenths(_ number: Double) -> String {
        FixedPoint.text(number, decimals: 1)
    }

    private static func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ color: String
    ) -> String {
        """
        <line x1="\(tenths(x1))" y1="\(tenths(y1))" x2="\(tenths(x2))" y2="\(tenths(y2))" \
        stroke="\(color)"/>
        """
    }

    private static func label(
        _ text: String, _ x: Double, _ y: Double, _ anchor: String, _ color: String = "#333"
    ) -> String {
        var safe = ""
        for character in text {
            switch character {
            case "&": safe += "&amp;"
            case "<": safe += "&lt;"
            case ">": safe += "&gt;"
            default: safe.append(character)
            }
        }
        let place = "x=\"\(tenths(x))\" y=\"\(tenths(y))\""
        return "<text \(place) text-anchor=\"\(anchor)\" fill=\"\(color)\">\(safe)</text>"
    }
}
