import SecretMemory
import Testing
import Wire

@testable import TrentClient

@Suite struct PassphraseSourceTests {
  private let folder = TemporaryFolder()

  private func read(_ source: PassphraseSource, _ person: ScriptedPerson) throws -> [UInt8] {
    let name = try #require(PrincipalName("alice"))
    let passphrase = try source.read(for: name, person)
    return [UInt8](passphrase.bytes)
  }

  @Test(arguments: ["secret", "secret\n", "secret\nmore\n"])
  func theFirstLineOfAFileCounts(_ text: String) throws {
    let person = ScriptedPerson()
    let path = folder.write(text, to: "passphrase")
    #expect(try read(.file(path), person) == [UInt8]("secret".utf8))
    #expect(person.said.isEmpty)
  }

  @Test func aFileThatOthersMayReadIsMentioned() throws {
    let person = ScriptedPerson()
    _ = try read(.file(folder.write("secret", to: "passphrase", mode: 0o644)), person)
    #expect(person.said.first?.contains("chmod 600") == true)
  }

  @Test(arguments: ["", "\nsecret", String(repeating: "x", count: 1025)])
  func emptyAndEndlessOnesAreRefused(_ text: String) throws {
    let path = folder.write(text, to: "passphrase")
    #expect(throws: ClientFailure.self) { try read(.file(path), ScriptedPerson()) }
  }

  @Test func theLongestOneIsTaken() throws {
    let path = folder.write(String(repeating: "x", count: 1024) + "\n", to: "passphrase")
    #expect(try read(.file(path), ScriptedPerson()).count == 1024)
  }

  @Test func withoutATerminalOrAFileItIsWrongUsage() throws {
    do {
      _ = try read(.person, ScriptedPerson(isPresent: false))
      Issue.record("read")
    } catch {
      #expect((error as? ClientFailure)?.exitCode == ExitStatus.usage.rawValue)
    }
  }

  @Test func aNewOneMustBeTypedTwiceAlike() throws {
    let name = try #require(PrincipalName("alice"))
    let careful = ScriptedPerson(passphrases: ["nine blue horses", "nine blue horses"])
    let typed = try PassphraseSource.new(for: name, careful)
    #expect([UInt8](typed.bytes) == [UInt8]("nine blue horses".utf8))
    let hasty = ScriptedPerson(passphrases: ["nine blue horses", "nine blue horse"])
    var isRefused = false
    do { _ = try PassphraseSource.new(for: name, hasty) } catch { isRefused = true }
    #expect(isRefused)
  }
}
