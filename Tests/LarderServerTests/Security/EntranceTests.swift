import LarderIO
import LarderServer
import LarderService
import Testing

@Suite("What a server asks of those who come in")
struct EntranceTests {
    private func settings(_ change: (inout Settings) -> Void) -> Settings {
        var settings = Settings(
            machine: Machine(memory: MachineMemory(totalBytes: 1 << 30, limitBytes: nil), cores: 1))
        change(&settings)
        return settings
    }

    private func refusal(_ change: (inout Settings) -> Void) -> String? {
        do throws(SettingsError) { _ = try SecurityPlan(settings(change)) } catch {
            #expect(error.exitCode == 78)
            return error.description
        }
        return nil
    }

    @Test(
        "this machine needs nothing, others need TLS and credentials",
        arguments: [
            ("127.0.0.1:0", true), ("[::1]:0", true), ("localhost:0", true), ("unix:/tmp/x", true),
            ("127.9.9.9:0", true), (":0", false), ("0.0.0.0:0", false), ("[::]:0", false),
            ("10.0.0.1:0", false), ("cache.example:0", false),
        ])
    func exposure(address: String, isLocal: Bool) {
        let refusal = refusal { $0.listen = [address] }
        #expect((refusal == nil) == isLocal)
        if let refusal {
            #expect(refusal.contains(address))
            #expect(refusal.contains("--insecure-public"))
        }
        #expect(self.refusal { ($0.listen, $0.insecurePublic) = ([address], true) } == nil)
        let admin = self.refusal { ($0.adminListen, $0.insecurePublic) = ([address], true) }
        #expect((admin == nil) == isLocal)
    }

    @Test("settings of TLS that miss each other are refused by name")
    func together() {
        #expect(refusal { $0.tlsCertificate = "/x" }?.contains("tls.key") == true)
        #expect(refusal { $0.tlsKey = "/x" }?.contains("tls.certificate") == true)
        #expect(refusal { $0.tlsClientCA = "/x" }?.contains("tls.certificate") == true)
        #expect(refusal { $0.tokensFile = "/no/such" }?.contains("/no/such") == true)
    }

    @Test("a certificate's highest role counts, and the setting's where it names none")
    func certificates() {
        let entrance = Entrance(
            tls: nil, credentials: nil, anonymous: nil, certificateRole: .read)
        func role(_ uris: [String]) -> Role? { entrance.principal(certificateURIs: uris)?.role }
        #expect(role(["larder:role:write"]) == .write)
        #expect(role(["larder:role:read", "x:y", "larder:role:admin"]) == .admin)
        #expect(role([]) == .read)
        #expect(role(["larder:role:king", "larder:role:", "LARDER:ROLE:ADMIN"]) == .read)
        let strict = Entrance(tls: nil, credentials: nil, anonymous: nil, certificateRole: nil)
        #expect(strict.principal(certificateURIs: []) == nil)
    }
}
