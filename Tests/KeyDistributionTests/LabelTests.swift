import Cryptography
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution

@Suite("Labels and the realm's word")
struct LabelTests {
  @Test("Every label is unique and versioned")
  func unique() {
    let labels = Label.allCases.map(\.rawValue)
    #expect(Set(labels).count == labels.count)
    for label in labels {
      #expect(label.hasPrefix("trent ") && label.hasSuffix(" v1"))
      #expect(label.utf8.allSatisfy { (0x20..<0x7f).contains($0) })
    }
  }

  @Test("With its length in front, no label is the beginning of another")
  func prefixFree() {
    let encoded = Label.allCases.map { [UInt8](ByteWriter($0).written) }
    for (index, label) in encoded.enumerated() {
      for (other, candidate) in encoded.enumerated() where other != index {
        #expect(!candidate.starts(with: label))
      }
    }
  }

  @Test("A context on the stack is what a writer of messages writes")
  func contexts() throws {
    var random = SeededRandom("contexts")
    let realm = try TestKDC().realm
    for label in Label.allCases where label.rawValue.utf8.count < 32 {
      var written = ByteWriter(label, in: realm)
      var context = Context(label, in: realm)
      for count in [0, 16, 32] {
        let field = random.bytes(count)
        written.prefixed(field.bytes)
        context.prefixed(field.bytes)
        #expect([UInt8](context.written) == [UInt8](written.written))
      }
    }
  }

  @Test("Messages begin with version and type, whatever labels are called")
  func messageTypes() throws {
    let kdc = try TestKDC()
    let user = try TestUser("alice")
    try kdc.register(user)
    let alice = try kdc.logIn(user)
    let login = try kdc.loginRequest(user).message
    let withdrawal = alice.withdraw(at: kdc.now, random: &kdc.random).message
    let messages = [
      AnnouncedEpoch.request, try kdc.reply(to: AnnouncedEpoch.request), login,
      try kdc.reply(to: login), withdrawal, try kdc.reply(to: withdrawal),
    ]
    #expect(messages.map { [UInt8]($0[..<2]) } == (1...6).map { [1, UInt8($0)] })
  }

  @Test("A realm's word says which identity it is, and parses to it")
  func wordRoundTrip() throws {
    for seed in ["one", "another", "a third"] {
      let realm = try TestKDC(seed: seed).realm
      #expect(realm.word.hasPrefix("trent1"))
      #expect(Realm(word: realm.word) == realm)
      #expect(realm.hexadecimalID.utf8.count == 64)
      #expect(realm.id == SHA256.hash(realm.identity.bytes.bytes))
    }
  }

  @Test("A word with any one character changed, left out, added or exchanged is refused")
  func wordErrors() throws {
    let word = try TestKDC().realm.word
    let characters = Array(word)
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789 -=A")
    for index in characters.indices {
      for character in alphabet where character != characters[index] {
        var changed = characters
        changed[index] = character
        #expect(Realm(word: String(changed)) == nil)
      }
      var shorter = characters
      shorter.remove(at: index)
      #expect(Realm(word: String(shorter)) == nil)
      var longer = characters
      longer.insert("a", at: index)
      #expect(Realm(word: String(longer)) == nil)
    }
    for index in characters.indices.dropLast() where characters[index] != characters[index + 1] {
      var exchanged = characters
      exchanged.swapAt(index, index + 1)
      #expect(Realm(word: String(exchanged)) == nil)
    }
    for wrong in [
      "", "trent1", word + "a", word + "\n", " " + word, word.uppercased(), word + word,
    ] {
      #expect(Realm(word: wrong) == nil)
    }
  }
}
