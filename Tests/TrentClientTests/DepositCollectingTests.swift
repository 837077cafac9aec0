import Cryptography
import DurableFiles
import Glibc
import MailboxService
import SecretMemory
import Testing
import Wire

@testable import KeyDistribution
@testable import TrentClient

/// V5: what waits is taken in order, whole and verified, and only then deleted.
@Suite struct DepositCollectingTests {
  /// Three chunks and a bit.
  private let large = (0..<(3 << 19) + 1000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 11) }

  private func taken(_ result: (taken: Int, left: Int, status: TrentClient.ExitStatus?)) -> [Int] {
    [result.taken, result.left, Int(result.status?.rawValue ?? 0)]
  }

  @Test func onlyOfFilesThereIsAHashOfTheContentBesideADeposit() throws {
    let scene = try DepositScene()
    func hash() throws -> [UInt8]? {
      try SealedDeposit.read(scene.folder.path + "/sealed/deposit")?.contentHash
    }
    try scene.leave("file", [1, 2, 3])
    let content: [UInt8] = [1, 2, 3]
    #expect(try hash() == SHA256.hash(content.bytes))
    try scene.leave(.text("yes"))
    #expect(try hash() == [UInt8](repeating: 0, count: 32))
  }

  @Test func filesTextsAndEmptyFilesAreTakenInOrderAndThenDeleted() throws {
    let scene = try DepositScene()
    try scene.leave("one", [1, 2, 3])
    try scene.leave("large", large)
    try scene.leave("empty", [])
    try scene.leave(.text("a text"), from: "carol", identity: 5)
    #expect(try taken(scene.fetch()) == [4, 0, 0])
    #expect(scene.received("one") == [1, 2, 3])
    #expect(scene.received("large") == large)
    #expect(scene.received("empty") == [])
    #expect(scene.watcher.texts == [[UInt8]("a text".utf8)])
    #expect(scene.box.collectedNumbers == [1, 2, 3, 4])
    let senders = scene.watcher.begun.map(\.peer.name.description)
    #expect(senders == ["alice", "alice", "alice", "carol"])
    #expect(scene.watcher.begun.allSatisfy { $0.mailbox?.name.description == "post" })
    #expect(try scene.peers.all().map(\.name.description) == ["alice", "carol"])
    #expect(try taken(scene.fetch()) == [0, 0, 0])
  }

  @Test func littleIsAskedForToSeeWhatItIs() throws {
    let scene = try DepositScene()
    try scene.leave("large", large)
    #expect(try taken(scene.fetch(TransferRules(senders: .names([])))) == [0, 1, 7])
    #expect(scene.box.fetchedByteCount <= 16 << 10)
    #expect(scene.received("large") == nil)
    #expect(scene.box.items.count == 1)
  }

  @Test func treesAreTaken() throws {
    let scene = try DepositScene()
    let tree = scene.folder.path + "/out/tree"
    try createPrivateFolders(tree + "/below")
    _ = scene.folder.write("deep", to: "out/tree/below/file")
    #expect(unsafe symlink("below/file", tree + "/link") == 0)
    try scene.leave(.files([tree]))
    #expect(try taken(scene.fetch()) == [1, 0, 0])
    #expect(scene.received("tree/link") == [UInt8]("deep".utf8))
  }

  /// Else the second one would replace the first, which the mailbox has deleted by then.
  @Test func aFileOfOnesOwnNameTakesOneAtATime() throws {
    let scene = try DepositScene()
    try scene.leave("large", large)
    try scene.leave(.text("last"))
    let path = scene.folder.path + "/chosen"
    #expect(try taken(scene.fetch(to: .file(path))) == [1, 0, 0])
    #expect(DepositScene.bytes(path) == large && scene.box.items.count == 1)
    #expect(try taken(scene.fetch(to: .file(path))) == [1, 0, 0])
    #expect(DepositScene.bytes(path) == [UInt8]("last".utf8))
  }

  // MARK: Rules

  @Test func rulesDecideAndWhatTheyRefuseStaysAndBlocksNothing() throws {
    let scene = try DepositScene()
    try scene.leave("one", [1])
    try scene.leave("big", large)
    try scene.leave("two", [2])
    try scene.leave("three", [3], from: "mallory", identity: 6)
    let rules = TransferRules(senders: .names([try DepositScene.name("alice")]), maxSize: 1000)
    #expect(try taken(scene.fetch(rules)) == [2, 2, 7])
    #expect(scene.received("one") == [1] && scene.received("two") == [2])
    #expect(scene.received("big") == nil && scene.received("three") == nil)
    #expect(scene.watcher.refused.count == 2)
    // What was refused is taken when the rules say something else.
    #expect(try taken(scene.fetch()) == [2, 0, 0])
    #expect(scene.received("big") == large && scene.received("three") == [3])
  }

  @Test func newSendersAreRefusedWhereTheRuleSaysSo() throws {
    let scene = try DepositScene()
    try scene.leave("one", [1])
    #expect(try taken(scene.fetch(newPeer: .refuse)) == [0, 1, 7])
    #expect(try scene.peers.all().isEmpty)
    #expect(try taken(scene.fetch()) == [1, 0, 0])
    try scene.leave("two", [2])
    #expect(try taken(scene.fetch(newPeer: .refuse)) == [1, 0, 0])
  }

  @Test func aPersonIsAskedAboutTheSenderAndTheList() throws {
    let person = ScriptedPerson(agrees: true)
    let scene = try DepositScene(person: person)
    try scene.leave("one", [1])
    #expect(try taken(scene.fetch(TransferRules(), newPeer: .ask)) == [1, 0, 0])
    #expect(person.questions.count == 2)
    #expect(person.questions.first?.contains("alice is new") == true)
  }

  @Test func namesThatAreTakenDecideAsInASession() throws {
    let scene = try DepositScene()
    _ = scene.folder.write("old", to: "in/one")
    try scene.leave("one", [1])
    #expect(try taken(scene.fetch()) == [0, 1, 7])
    #expect(scene.received("one") == [UInt8]("old".utf8))
    #expect(try taken(scene.fetch(TransferRules(senders: .all, existing: .rename))) == [1, 0, 0])
    #expect(scene.received("one (2)") == [1])
  }

  // MARK: Order and trouble

  @Test func aLaterOneWaitsForAnEarlierOneThatMayGoBetter() throws {
    let scene = try DepositScene()
    try scene.leave("one", [1])
    try scene.leave("two", [2])
    try scene.leave("three", [3], from: "carol", identity: 5)
    scene.box.beforeFetch = { number, _ in
      guard number == 1 else { return }
      throw ClientFailure(.refusedByReceiver, "The mailbox is busy.", isPassing: true)
    }
    #expect(try taken(scene.fetch()) == [1, 2, 7])
    #expect(scene.received("three") == [3])
    #expect(scene.received("one") == nil && scene.received("two") == nil)
    scene.box.beforeFetch = nil
    #expect(try taken(scene.fetch()) == [2, 0, 0])
    #expect(scene.box.collectedNumbers == [3, 1, 2])
  }

  @Test func whatIsGoneMeanwhileIsPassedOver() throws {
    let scene = try DepositScene()
    let first = try scene.leave("one", [1])
    let second = try scene.leave("two", [2])
    let told = [first, second]
    scene.box.items.removeFirst()
    scene.box.listing = { after in (told.filter { $0.number > after }, false) }
    #expect(try taken(scene.fetch()) == [1, 1, 7])
    #expect(scene.received("two") == [2])
  }

  @Test func aConnectionThatBreaksEndsItAndNothingLaterIsTaken() throws {
    let scene = try DepositScene()
    try scene.leave("large", large)
    try scene.leave("two", [2])
    scene.box.beforeFetch = { _, offset in
      if offset > 1 << 19 { throw PeerConnection.broken("gone") }
    }
    #expect(throws: ClientFailure.self) { try scene.fetch() }
    #expect(scene.received("two") == nil && scene.box.collectedNumbers.isEmpty)
    scene.box.beforeFetch = nil
    #expect(try taken(scene.fetch()) == [2, 0, 0])
    #expect(scene.received("large") == large)
  }

  @Test(arguments: 1...4) func whatWasInterruptedGoesOnAtAnyChunk(_ count: Int) throws {
    let scene = try DepositScene()
    try scene.leave("large", large)
    if count < 4 {
      #expect(throws: ClientFailure.self) { try scene.fetch(until: StopAfter(count)) }
      #expect(scene.received("large") == nil && scene.box.collectedNumbers.isEmpty)
    }
    scene.box.forgetCounts()
    #expect(try taken(scene.fetch()) == [1, 0, 0])
    #expect(scene.received("large") == large)
    let present = count < 4 ? UInt64(count) << 19 : 0
    #expect(scene.watcher.begun.last?.offset == present)
    // It is not fetched again, but for the list.
    #expect(scene.box.fetchedByteCount <= large.count - Int(present) + 20_000)
  }

  @Test func aPartOfAnotherDepositIsNeverGoneOnWith() throws {
    let scene = try DepositScene()
    let other = large.map { ~$0 }
    try scene.leave("large", large)
    #expect(throws: ClientFailure.self) { try scene.fetch(until: StopAfter(2)) }
    scene.box.items.removeAll()
    // The same list, of the same sender: only the deposit tells it apart.
    let before = try #require(FileTimes(scene.folder.path + "/out/large"))
    var file = try AtomicFile(replacing: scene.folder.path + "/out/large", mode: 0o600)
    try file.write(other.bytes)
    try file.commit()
    before.apply()
    try scene.leave(.files([scene.folder.path + "/out/large"]))
    #expect(try taken(scene.fetch()) == [1, 0, 0])
    #expect(scene.received("large") == other)
    #expect(scene.watcher.begun.last?.offset == 0)
  }

  /// What the machine had in its memory alone may be lost with it.
  @Test func aPartOfAnotherRunOfTheMachineIsNeverGoneOnWith() throws {
    let scene = try DepositScene()
    try scene.leave("large", large)
    #expect(throws: ClientFailure.self) { try scene.fetch(until: StopAfter(2)) }
    let folder = scene.folder.path + "/in/"
    let partial = try #require(
      try folderEntries(folder).first { $0.hasPrefix(".trent-") && $0.hasSuffix(".partial") })
    let source = folder + partial + "/source"
    let said = contents(source)
    let boot = try #require(BootID.current())
    #expect(said.contains("boot \(boot)\n"))
    let another = String(boot.reversed())
    var file = try AtomicFile(replacing: source, mode: 0o600)
    let text = [UInt8](said.split(separator: boot).joined(separator: another).utf8)
    try file.write(text.bytes)
    try file.commit()
    #expect(try taken(scene.fetch()) == [1, 0, 0])
    #expect(scene.watcher.begun.last?.offset == 0 && scene.received("large") == large)
  }

  @Test func aThousandAreTakenInOrder() throws {
    let scene = try DepositScene()
    for number in 1...1000 { try scene.leave(.text("\(number)")) }
    scene.box.pageLimit = 300
    #expect(try taken(scene.fetch()) == [1000, 0, 0])
    #expect(scene.watcher.texts == (1...1000).map { [UInt8]("\($0)".utf8) })
    #expect(scene.box.collectedNumbers == Array(1...1000))
    // One request shows all of a small one.
    #expect(scene.box.fetchCount == 1000)
  }

  @Test func whatWasTakenBeforeIsDeletedAndNotTakenAgain() throws {
    let scene = try DepositScene()
    let told = try scene.leave("one", [1])
    let item = try #require(scene.box.items.first)
    #expect(try taken(scene.fetch()) == [1, 0, 0])
    #expect(unsafe unlink(scene.folder.path + "/in/one") == 0)
    // The mailbox shows it again, also under another number.
    scene.box.items = [item]
    try scene.box.add(item.bytes, from: told.sender)
    #expect(try taken(scene.fetch()) == [0, 0, 0])
    #expect(scene.received("one") == nil)
    #expect(scene.box.items.isEmpty)
  }

  @Test func whatCannotBeRememberedStaysAndIsWhole() throws {
    let scene = try DepositScene()
    try scene.leave("one", [1])
    let path = try scene.keyFiles.path(of: scene.bob.signed.key) + "~taken"
    #expect(unsafe mkdir(path, 0o700) == 0)
    #expect(try taken(scene.fetch()) == [0, 1, 9])
    #expect(scene.box.items.count == 1)
    #expect(unsafe rmdir(path) == 0)
    // Its name is no stranger's: what is there is taken back, and given again.
    #expect(try taken(scene.fetch()) == [1, 0, 0])
    #expect(scene.received("one") == [1])
  }
}

/// The times of a file, to be given to another one of the same path.
private struct FileTimes {
  private let path: String
  private let modified: timespec

  init?(_ path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    self.path = path
    modified = status.st_mtim
  }

  func apply() {
    let times = [modified, modified]
    unsafe times.withUnsafeBufferPointer {
      _ = unsafe utimensat(AT_FDCWD, path, $0.baseAddress, 0)
    }
  }
}
