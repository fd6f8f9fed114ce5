/// A configuration that can't be right, in one line.
package struct SettingsError: Error, Equatable, CustomStringConvertible {
    package var description: String
    /// The process's exit code.
    package var exitCode: Int32

    package init(_ description: String, exitCode: Int32) {
        self.description = description
        self.exitCode = exitCode
    }
}
