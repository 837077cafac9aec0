import Monitoring
import Testing

@Suite("Where a KDC is watched")
struct AddressTests {
  @Test(
    "A port alone is on this machine alone",
    arguments: [
      ("9464", "127.0.0.1", 9464), ("0", "127.0.0.1", 0), ("localhost:1", "localhost", 1),
      ("0.0.0.0:65535", "0.0.0.0", 65535), ("[::1]:80", "::1", 80),
      ("kdc.example.org:9464", "kdc.example.org", 9464),
    ])
  func right(text: String, host: String, port: UInt16) throws {
    let address = try #require(MonitoringAddress(text))
    #expect(address.host == host && address.port == port)
  }

  @Test(
    "What is no address is none",
    arguments: [
      "", ":", ":80", "host:", "host", "65536", "-1", "+1", "1 ", "::1:80", "[::1]", "[host]:1",
      "[]:1", "a b:1", "a\n:1", "a]:1", "host:1:2", "٣",
    ])
  func wrong(text: String) { #expect(MonitoringAddress(text) == nil) }
}
