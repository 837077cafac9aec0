import DurableFiles
import Foundation
import MailboxService
import MailboxSpool
import SecretMemory
import Testing
import Wire

@Suite("A spool that is not as it was left")
struct DamagedSpoolTests {
  private let folder: SpoolFolder
  private let name = "boxes/bob/00000000000000000001"

  init() throws { folder = try SpoolFolder() }

  /// Expects that one thing is set aside, as it was, and only the rest is served.
  private func expectSetAside(_ copy: SpoolFolder, _ content: [UInt8]?, rest: [[UInt8]]) throws {
    let spool = try copy.open()
    spool.verify()
    #expect(try Letter.all(spool) == rest)
    #expect(copy.events.count == 1 && copy.events[0].hasPrefix("damaged: "), "\(copy.events)")
    #expect(copy.files.count { $0.hasPrefix("damaged/") } == 1)
    if let content { #expect(try copy.bytes(of: "damaged/1") == content) }
  }

  @Test("Bent or cut anywhere, a file is set aside, neither served nor deleted")
  func bent() throws {
    let other = try Letter(2)
    do {
      let spool = try folder.open()
      try Letter(1, count: 40).leave(spool)
      try other.leave(spool)
    }
    let whole = try folder.bytes(of: name)
    for index in stride(from: 0, to: whole.count, by: 5) {
      let copy = try folder.copy()
      var bent = whole
      bent[index] ^= 1
      try copy.put(bent, at: name)
      try expectSetAside(copy, bent, rest: [other.body])
    }
    for bad in stride(from: 0, to: whole.count, by: 20).map({ [UInt8](whole[..<$0]) })
      + [whole + [0]]
    {
      let copy = try folder.copy()
      try copy.put(bad, at: name)
      try expectSetAside(copy, bad, rest: [other.body])
    }
  }

  @Test("What is bent while it waits is found before a byte of it is served")
  func bentLater() throws {
    let letter = try Letter(1)
    try letter.leave(folder.open())
    let spool = try folder.open()
    var bent = try folder.bytes(of: name)
    bent[220] ^= 1
    try folder.put(bent, at: name)
    #expect(throws: MailboxReason.notThere) { _ = try spool.open(1, for: letter.receiver) }
    #expect(try folder.bytes(of: "damaged/1") == bent)
    #expect(spool.list(for: letter.receiver, after: 0).deposits.isEmpty)
    // It is not known any more: its sender may leave it again, and its room is free.
    try letter.leave(spool)
    #expect(try Letter.all(spool) == [letter.body])
    // A file that is gone is told once.
    try FileManager.default.removeItem(atPath: folder.path(try #require(folder.deposits.first)))
    spool.verify()
    spool.verify()
    #expect(try Letter.all(spool).isEmpty)
    #expect(folder.events.count == 2)
  }

  @Test("What is bent after it was compared, or served, is found before it is served again")
  func bentAfterServing() throws {
    let letter = try Letter(1)
    let spool = try folder.open()
    try letter.leave(spool)
    spool.verify()
    #expect(try Letter.all(spool) == [letter.body])
    let version = try FileVersion.following(folder.path(name))
    var bent = try folder.bytes(of: name)
    bent[220] ^= 1
    let file = try #require(FileHandle(forUpdatingAtPath: folder.path(name)))
    // Until the file system's clock has gone on.
    while try FileVersion.following(folder.path(name)) == version {
      try file.seek(toOffset: 220)
      try file.write(contentsOf: bent[220...220])
    }
    #expect(throws: MailboxReason.notThere) { _ = try spool.open(1, for: letter.receiver) }
    #expect(try folder.bytes(of: "damaged/1") == bent)
  }

  @Test("A disk that does not give what is being read is told")
  func cutWhileServed() throws {
    let letter = try Letter(1)
    let spool = try folder.open()
    try letter.leave(spool)
    let stored = try spool.open(1, for: letter.receiver)
    #expect(unsafe truncate(folder.path(name), 220) == 0)
    #expect(throws: MailboxReason.busy) { _ = try stored.bytes(at: 0, count: 100) }
    #expect(folder.events.count == 1 && folder.events[0].contains(name), "\(folder.events)")
  }

  @Test("What cannot be read anywhere in the spool keeps nothing else from being served")
  func unreadable() throws {
    let (kept, lost) = (try Letter(1, for: "carol"), try Letter(2))
    let broken = try Letter(3, from: "dave", for: "carol")
    do {
      let spool = try folder.open()
      try kept.leave(spool)
      try lost.leave(spool)
      try spool.refuse(lost.sender, for: try #require(PrincipalName("eve")))
      let deposit = try broken.opened(spool)
      try broken.append(0..<10, to: deposit)
    }
    let incoming = try #require(folder.files.first { $0.hasPrefix("incoming/") })
    let places = ["boxes/bob", "refused/eve", incoming]
    let spool = try folder.denying(places) { try folder.open() }
    #expect(try Letter.all(spool, for: "carol") == [kept.body])
    #expect(folder.events.count == 3, "\(folder.events)")
    for place in places {
      #expect(folder.events.contains { $0.hasPrefix("damaged: \(place) is not served: ") })
    }
    // Whom eve refuses nobody knows: nothing is taken for it, and nothing written over that.
    #expect(try Letter(4, from: "dave", for: "eve").refusal(spool) == .notTaken)
    #expect(throws: MailboxReason.notStored) {
      try spool.refuse(broken.sender, for: try #require(PrincipalName("eve")))
    }
    #expect(try folder.bytes(of: "refused/eve") == [UInt8]("alice\n".utf8))
  }

  @Test("What takes the place of a deposit while it waits is set aside; the others go on")
  func replacedLater() throws {
    let (letter, other) = (try Letter(1), try Letter(2))
    let replacements: [(String) throws -> Void] = [
      { try FileManager.default.createSymbolicLink(atPath: $0, withDestinationPath: "/dev/zero") },
      { try FileManager.default.createDirectory(atPath: $0, withIntermediateDirectories: false) },
      { guard unsafe mkfifo($0, 0o600) == 0 else { throw TestProblem("mkfifo") } },
    ]
    for replace in replacements {
      let folder = try SpoolFolder()
      let spool = try folder.open()
      try letter.leave(spool)
      try other.leave(spool)
      try FileManager.default.removeItem(atPath: folder.path(name))
      try replace(folder.path(name))
      #expect(throws: MailboxReason.notThere) { _ = try spool.open(1, for: letter.receiver) }
      #expect(try Letter.all(spool) == [other.body])
      #expect(folder.events.count == 1 && folder.events[0].hasPrefix("damaged: "))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("damaged")) == ["1"])
    }
  }

  @Test("Moved to another box, or to another number, it is set aside")
  func swapped() throws {
    let mine = try Letter(2, for: "mallory")
    do {
      let spool = try folder.open()
      try Letter(1).leave(spool)
      try mine.leave(spool)
    }
    let (content, copy) = (try folder.bytes(of: name), try folder.copy())
    try copy.move(name, to: "boxes/mallory/00000000000000000001")
    try expectSetAside(copy, content, rest: [])
    #expect(try Letter.all(folder.open(), for: "mallory") == [mine.body])
    let renumbered = try folder.copy()
    try renumbered.move(name, to: "boxes/bob/00000000000000000007")
    try expectSetAside(renumbered, content, rest: [])
  }

  @Test("Links, folders, pipes, huge and foreign names do no harm anywhere")
  func foreign() throws {
    let letter = try Letter(1)
    do {
      let spool = try folder.open()
      try letter.leave(spool)
      try spool.refuse(letter.receiver, for: letter.sender)
    }
    let outside = try SpoolFolder()
    try outside.put([1, 2, 3], at: "precious")
    let whole = try folder.bytes(of: name)
    let huge = String(repeating: "n", count: 255)
    var count = 0
    for place in ["boxes", "boxes/bob", "incoming", "refused"] {
      try folder.put(whole, at: "\(place)/Foreign")
      try folder.put(whole, at: "\(place)/\(huge)")
      try folder.put([], at: "\(place)/a\n\u{1b}[2J")
      try FileManager.default.createDirectory(
        atPath: folder.path("\(place)/.hidden/deeper"), withIntermediateDirectories: true)
      for (link, target) in [("00000000000000000002", "precious"), ("zoe", "")] {
        try FileManager.default.createSymbolicLink(
          atPath: folder.path("\(place)/\(link)"), withDestinationPath: outside.path(target))
      }
      guard unsafe mkfifo(folder.path("\(place)/yves"), 0o600) == 0 else {
        throw TestProblem("mkfifo")
      }
      count += 7
    }
    let spool = try folder.open()
    spool.verify()
    #expect(try Letter.all(spool) == [letter.body])
    #expect(folder.events.count == count, "\(folder.events)")
    let aside = try FileManager.default.contentsOfDirectory(atPath: folder.path("damaged"))
    #expect(aside.count == count)
    #expect(try outside.bytes(of: "precious") == [1, 2, 3])
    #expect(outside.files == ["precious"])
    try Letter(3, from: "bob", for: "carol").leave(spool)
    #expect(try Letter(4, from: "bob", for: "alice").refusal(spool) == .notTaken)
  }

  @Test("A link in the place of one of its folders keeps a spool from being opened")
  func linkedFolder() throws {
    let outside = try SpoolFolder()
    for place in ["boxes", "incoming", "refused", "damaged"] {
      let folder = try SpoolFolder()
      try FileManager.default.createSymbolicLink(
        atPath: folder.path(place), withDestinationPath: outside.path)
      #expect(throws: SpoolFailure.self) { _ = try folder.open() }
    }
    #expect(outside.files.isEmpty)
  }
}
