import LarderIO
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Certificates of two authorities that nobody else trusts, made once for all tests.
struct Certificates {
    static let shared = Certificates()

    let folder: String
    let isMade: Bool

    private init() {
        folder = "/tmp/larder-tls-\(getpid())"
        let script = """
            set -e
            mkdir -p \(folder) && cd \(folder)
            authority() {
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
                    -subj "/CN=$1" -keyout $1.key -out $1.pem
            }
            certificate() {
                printf "subjectAltName=$3\\n" > $1.ext
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
                    -keyout $1.key -out $1.csr
                openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -days 2 \
                    -set_serial $4 -extfile $1.ext -out $1.pem
            }
            authority authority
            authority stranger
            certificate server authority DNS:localhost,IP:127.0.0.1 1
            certificate client authority URI:larder:role:write,URI:spiffe://example/web 2
            certificate other stranger URI:larder:role:admin 3
            """
        isMade = unsafe system("( \(script) ) >/dev/null 2>&1") == 0
    }

    subscript(_ file: String) -> String { "\(folder)/\(file)" }

    func server(
        clientAuthority: String? = nil, minVersion: TLSContext.Version = .tls13
    ) throws -> TLSContext {
        try TLSContext.server(
            certificate: self["server.pem"], key: self["server.key"],
            clientAuthority: clientAuthority.map { self[$0] }, minVersion: minVersion)
    }

    func client(
        trusting authority: String = "authority.pem", as name: String? = nil
    ) throws
        -> TLSContext
    {
        try TLSContext.client(
            authority: self[authority], certificate: name.map { self["\($0).pem"] },
            key: name.map { self["\($0).key"] })
    }
}
