// The files that an operator writes: the configuration and the tokens. Input: which of them, then
// the file. Settings that were taken read the same when they are written out as flags.
//
// JSON has no API outside its room: its file is built into this target.

import LarderIO
import LarderServer
import LarderService

private let machine = Machine(
    memory: MachineMemory(totalBytes: 8 << 30, limitBytes: nil), cores: 4)

@c(LLVMFuzzerTestOneInput)
func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = unsafe FuzzInput(start, count)
    if input.choice(of: 2) == 0 {
        readConfiguration(input.rest())
    } else {
        readTokens(String(decoding: input.rest(), as: UTF8.self))
    }
    return 0
}

private func readConfiguration(_ bytes: [UInt8]) {
    do throws(SettingsError) {
        let file = try ConfigurationFile(json: bytes.span, path: "larder.json")
        let settings = try SettingsResolution(machine: machine) { setting in
            file.given[setting.key].map {
                GivenSetting(texts: $0, source: .file, place: file.place(of: setting))
            }
        }.settings
        checkWrittenOut(settings)
    } catch {
        precondition(
            !error.description.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "an error is one line")
    }
}

private func checkWrittenOut(_ settings: Settings) {
    do throws(SettingsError) {
        let again = try SettingsResolution(machine: machine) { setting in
            let value = setting.value(in: settings)
            let texts =
                switch setting.shape {
                case .list: value.split(separator: ",").map(String.init)
                case .number, .numberOrText, .text, .truth: [value]
                }
            return GivenSetting(texts: texts, source: .flag, place: setting.flag)
        }.settings
        precondition(again == settings, "settings read as they were written")
    } catch {
        preconditionFailure("settings can be written and read: \(error)")
    }
}

private func readTokens(_ text: String) {
    do throws(TokenFile.Failure) {
        let file = try TokenFile(parsing: text)
        precondition(file.entries.count <= TokenFile.tokensMax, "tokens are counted")
        precondition(
            Set(file.entries.map(\.digest)).count == file.entries.count,
            "a token stands for one principal")
    } catch {
        precondition(error.line >= 1, "lines are counted from 1")
        precondition(error.description.utf8.allSatisfy { $0 >= 0x20 }, "an error is one line")
    }
}
