import Testing
import TrentClient

@Suite struct HostAndPortTests {
  @Test(arguments: [
    ("kdc.example.org", "kdc.example.org:7000"), ("KDC", "kdc:7000"), ("10.0.0.1", "10.0.0.1:7000"),
    ("::1", "[::1]:7000"), ("[::1]", "[::1]:7000"), ("host:1", "host:1"),
    ("[::1]:65535", "[::1]:65535"),
  ])
  func readsWhatPeopleWrite(_ text: String, _ expected: String) {
    #expect(HostAndPort(text, defaultPort: 7000)?.description == expected)
  }

  @Test(arguments: [
    "", " ", "two words", "a\nb", "host:0", "host:65536", "host:x", "[]", "h\u{1B}",
  ])
  func refusesWhatCannotBeAHost(_ text: String) {
    #expect(HostAndPort(text, defaultPort: 7000) == nil)
  }
}
