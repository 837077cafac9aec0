import Cryptography
import Testing
import Wire

@testable import KeyDistribution

@Suite("Fingerprints (3.8)")
struct FingerprintTests {
  /// The public key of RFC 8032, 7.1, test 1.
  private static let key: [UInt8] = [
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
  ]
  private static let text = "2gbg-wzue-jjey-3h2x-vnkp-a4ee"

  private func fingerprint(
    _ key: [UInt8] = key, name: String = "alice", realm: [UInt8] = [UInt8](0..<32)
  ) throws -> Fingerprint {
    Fingerprint(
      of: try #require(VerifyingKey(key)), name: try principal(name), realmID: realm)
  }

  @Test("A value that was computed elsewhere")
  func vector() throws { #expect(try fingerprint().description == Self.text) }

  @Test("Another key, name or realm has another fingerprint")
  func bound() throws {
    let other = try TestUser("alice").identity.publicKey.bytes
    let all = [
      try fingerprint(), try fingerprint(other), try fingerprint(name: "alicf"),
      try fingerprint(realm: [UInt8](1..<33)),
    ]
    #expect(Set(all).count == 4)
  }

  @Test(
    "What somebody types is read",
    arguments: [
      text, "2GBG-WZUE-JJEY-3H2X-VNKP-A4EE", "2gbgwzuejjey3h2xvnkpa4ee",
      " 2gbg wzue jjey 3h2x vnkp a4ee ",
    ])
  func typed(_ text: String) throws { #expect(Fingerprint(text) == (try fingerprint())) }

  @Test(
    "What is no fingerprint is not",
    arguments: [
      "", "2gbg", text + "a", "2gbg-wzue-jjey-3h2x-vnkp-a4e", "2gbg-wzue-jjey-3h2x-vnkp-a4e1",
      "2gbg_wzue_jjey_3h2x_vnkp_a4ee",
    ])
  func noFingerprint(_ text: String) { #expect(Fingerprint(text) == nil) }
}
