/// The version of this build, as `larder --version` and GetLimits tell it.
package enum Version {
    package static let current = "0.1.0"
}
