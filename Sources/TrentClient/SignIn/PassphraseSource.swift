internal import DurableFiles
internal import Glibc
internal import SecretMemory
internal import Wire

/// Where the passphrase comes from. It goes straight into memory that erases itself.
public enum PassphraseSource: Hashable, Sendable {
  /// The person is asked for it.
  case person
  /// The first line of a file.
  case file(String)
  /// The first line of standard input.
  case standardInput

  static let byteLimit = 1024
  private static let fileLimit = 64 << 10

  /// Reads the passphrase of `name`: 1 to 1024 bytes.
  func read(for name: PrincipalName, _ person: any Person) throws(ClientFailure) -> SecretBytes {
    try read("passphrase of \(name): ", person)
  }

  /// The same for any passphrase.
  ///
  /// - Parameter prompt: what a person is asked.
  func read(_ prompt: String, _ person: any Person) throws(ClientFailure) -> SecretBytes {
    switch self {
    case .person:
      guard person.isPresent else {
        throw ClientFailure(
          .usage, "There is no terminal to ask for the passphrase. Pass --passphrase-file.")
      }
      return try Self.checked(try person.passphrase(prompt))
    case .standardInput:
      let line = try withFiles { () throws(FileFailure) in
        try readSecretLine(from: STDIN_FILENO, limit: Self.byteLimit)
      }
      guard let line else {
        throw ClientFailure(.fileFailure, "There is no passphrase on standard input.")
      }
      return try Self.checked(line)
    case .file(let path):
      let file = try withFiles { () throws(FileFailure) in
        try SecretFile.read(path, limit: Self.fileLimit)
      }
      guard let file else {
        throw ClientFailure(.fileFailure, "There is no passphrase file \(path).")
      }
      if file.isOpenToOthers {
        person.say("others may read the passphrase file \(path): chmod 600 it")
      }
      return try Self.checked(Self.firstLine(of: file.contents))
    }
  }

  /// Asks a person twice; for a passphrase that is not in use yet.
  static func new(
    for name: PrincipalName, _ person: any Person
  ) throws(ClientFailure) -> SecretBytes {
    let first = try fitting(for: name, person, tries: 3)
    try confirm(first, person)
    return first
  }

  /// One that may be set. A person may try again.
  private static func fitting(
    for name: PrincipalName, _ person: any Person, tries: Int
  ) throws(ClientFailure) -> SecretBytes {
    let entered = try checked(try person.passphrase("new passphrase of \(name): "))
    do throws(ClientFailure) {
      try PassphraseRules.check(entered, of: name)
    } catch {
      guard tries > 1 else { throw error }
      person.say("\(error)")
      return try fitting(for: name, person, tries: tries - 1)
    }
    return entered
  }

  /// Asks a person to type a passphrase once more.
  static func confirm(
    _ passphrase: borrowing SecretBytes, _ person: any Person
  ) throws(ClientFailure) {
    let again = try person.passphrase("the same passphrase again: ")
    guard equalInConstantTime(again.bytes, passphrase.bytes) else {
      throw ClientFailure(.authenticationRefused, "The passphrases differ. Nothing was changed.")
    }
  }

  static func firstLine(of contents: borrowing SecretBytes) -> SecretBytes {
    let bytes = contents.bytes
    var end = 0
    while end < bytes.byteCount,
      unsafe bytes.unsafeLoad(fromByteOffset: end, as: UInt8.self) != UInt8(ascii: "\n")
    {
      end += 1
    }
    return contents.part(from: 0, count: end)
  }

  private static func checked(
    _ passphrase: consuming SecretBytes
  ) throws(ClientFailure) -> SecretBytes {
    guard passphrase.count > 0 else {
      throw ClientFailure(.authenticationRefused, "The passphrase is empty.")
    }
    guard passphrase.count <= byteLimit else {
      throw ClientFailure(
        .authenticationRefused, "The passphrase is longer than \(byteLimit) bytes.")
    }
    return passphrase
  }
}
