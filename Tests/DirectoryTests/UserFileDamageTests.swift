import DurableFiles
import Glibc
import KeyDistribution
import SecretMemory
import Testing
import Wire

@testable import Directory

/// HOSTILE D 17 and 18: what disks, crashes and people do to `pwd.txt`.
@Suite struct UserFileDamageTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("pwd.txt")
  }

  @Test func damagedLinesAreReportedByNumberAndKept() async throws {
    let alice = try user("alice")
    let flipped = UserLine.text(try user("carol")).replacing("kvno=1", with: "kvno=2")
    let original = [
      usersHeader,
      UserLine.text(alice),
      flipped,
      "",
      "# a comment",
      String(repeating: "x", count: 1025),
      "name=da\u{0}ve",
      UserLine.text(alice) + "\r",
      "name=\u{e9}ve",
      ChecksummedLine.text("name=al:ice ip=192.0.2.1"),
      UserLine.text(try user("bob")),
    ]
    try put(original, at: path)
    let reports = Reports()
    let file = try openUsers(path, reports: reports)
    let expected: [(Int, FileProblem.Kind)] = [
      (3, .damagedLine(.checksum, name: try name("carol"))),
      (6, .damagedLine(.tooLong, name: nil)),
      (7, .damagedLine(.unprintable, name: nil)),
      (8, .damagedLine(.unprintable, name: try name("alice"))),
      (9, .damagedLine(.unprintable, name: nil)),
      (10, .damagedLine(.invalid("name"), name: nil)),
    ]
    #expect(reports.all == expected.map { FileProblem(path: path, line: $0.0, kind: $0.1) })
    #expect(reports.all.first?.description.contains("\(path), line 3: ignored") == true)
    #expect(try file.record(of: alice.name) == alice)
    #expect(try file.record(of: try name("bob")) != nil)
    #expect(try file.record(of: try name("carol")) == nil)
    #expect(await file.register(try user("carol")) == .done)
    #expect(try lines(path) == original + [UserLine.text(try user("carol"))])
  }

  /// A crash can leave any part of the last line. Whole lines count, nothing else does, and the
  /// next line is not glued to what is left.
  @Test func lineTornAtEveryByteCostsNothingElse() async throws {
    let alice = try user("alice")
    let bob = try user("bob")
    let start = [UInt8]("\(usersHeader)\n\(UserLine.text(alice))\n".utf8)
    let last = [UInt8](UserLine.text(bob).utf8)
    for count in 1...last.count {
      try put(start + last.prefix(count), at: path)
      let reports = Reports()
      let file = try openUsers(path, reports: reports)
      #expect(try file.record(of: alice.name) == alice)
      #expect(try file.record(of: bob.name) == (count == last.count ? bob : nil))
      #expect(reports.all.count == (count == last.count ? 0 : 1))
      #expect(reports.all.allSatisfy { $0.line == 3 && $0.description.contains("completed") })
      #expect(await file.register(try user("carol")) == .done)
      file.close()
      let after = Reports()
      let reopened = try openUsers(path, reports: after)
      #expect(try reopened.record(of: try name("carol")) != nil)
      #expect(try reopened.record(of: alice.name) == alice)
      #expect(after.all.isEmpty)
      reopened.close()
    }
  }

  @Test func tornLineBecomesAComment() throws {
    try put([UInt8]("\(usersHeader)\nname=bo\u{0}\u{0}".utf8), at: path)
    try openUsers(path).close()
    #expect(try lines(path) == [usersHeader, "# torn: name=bo\u{0}\u{0}"])
  }

  /// `kill -9` while eight threads register users.
  @Test func killedKDCKeepsEveryAcknowledgedUser() async throws {
    let acknowledgedPath = folder.file("acknowledged")
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = path as String, acknowledgedPath = acknowledgedPath as String] in
      let file = try openUsers(path)
      let log = unsafe open(acknowledgedPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
      try await onThreads(8) { thread in
        for number in 0..<1000 {
          let record = try user("user\(thread)-\(number)")
          guard try registerAndWait(record, in: file) == .done else { return }
          let line = [UInt8]("\(record.name)\n".utf8)
          _ = unsafe write(log, line, line.count)
          if thread == 0, number == 50 { kill(getpid(), SIGKILL) }
        }
      }
    }
    let acknowledged = try lines(acknowledgedPath)
    #expect(acknowledged.count > 50)
    let reports = Reports()
    let file = try openUsers(path, reports: reports)
    for text in acknowledged {
      #expect(try file.record(of: try name(text)) == (try user(text)))
    }
    #expect(reports.all.isEmpty)
  }

  /// Says nothing where the test may not mount a filesystem.
  @Test func fullDiskLosesNothingAcknowledged() async throws {
    let disk = folder.file("disk")
    guard unsafe mkdir(disk, 0o700) == 0,
      unsafe mount("tmpfs", disk, "tmpfs", 0, "size=64k") == 0
    else { return }
    defer { unsafe umount2(disk, Int32(MNT_DETACH)) }
    let path = joinPath(disk, "pwd.txt")
    let reports = Reports()
    let file = try openUsers(path, reports: reports)
    var acknowledged: [UserRecord] = []
    var refused: UserRecord?
    for number in 0..<1000 where refused == nil {
      let record = try user("user\(number)", hasIdentity: true)
      switch await file.register(record) {
      case .done: acknowledged.append(record)
      default: refused = record
      }
    }
    let last = try #require(refused)
    #expect(acknowledged.count > 50)
    #expect(try file.record(of: last.name) == nil)
    #expect(await file.register(last) == .failed)
    #expect(reports.all.count == 1)  // not once for every registration
    guard case .file(let failure) = reports.kinds.first else { throw TestProblem("no report") }
    #expect(failure.isOutOfSpace)
    file.close()

    let after = Reports()
    let reopened = try openUsers(path, reports: after)
    #expect(after.all.isEmpty)
    #expect(reopened.count == acknowledged.count)
    for record in acknowledged { #expect(try reopened.record(of: record.name) == record) }
    reopened.close()
  }

  /// After a failed fdatasync nobody knows what is on the disk: nothing is acknowledged any more.
  @Test func failedSyncIsTheLastWrite() async throws {
    let reports = Reports()
    let file = try openUsers(path, reports: reports)
    #expect(await file.register(try user("alice")) == .done)
    let pipe = try Pipe(inPlaceOf: path)  // can be written, but not synced
    #expect(await file.register(try user("bob")) == .failed)
    #expect(try file.record(of: try name("bob")) == nil)
    #expect(await file.update(try user("alice", keyVersion: 2), replacing: 1) == .failed)
    #expect(try file.record(of: try name("alice"))?.keyVersion == 1)
    #expect(reports.kinds == [.file(FileFailure(path: path, operation: .save, errno: EINVAL))])
    #expect(pipe.drain() == UserLine.text(try user("bob")).utf8.count + 1)
  }

  /// A name is reserved as soon as it is asked for, and to be seen only when it is on the disk.
  @Test func changeOnItsWayToTheDiskIsNotSeen() async throws {
    let file = try openUsers(path)
    let pipe = try Pipe(inPlaceOf: path)
    let filling = pipe.fill()
    let bob = try user("bob")
    let (answers, answer) = AsyncStream.makeStream(of: ChangeOutcome.self)
    file.register(bob) { answer.yield($0) }  // cannot be written before the pipe has room
    #expect(await file.register(try user("bob", keyVersion: 2)) == .conflict)
    #expect(try file.record(of: bob.name) == nil)
    #expect(pipe.drain() >= filling)
    #expect(await answers.first { _ in true } == .failed)
    #expect(try file.record(of: bob.name) == nil)
  }
}

/// A pipe that takes the place of an open file, for what no disk does on demand: to block, and to
/// fail at fdatasync.
final class Pipe: Sendable {
  private let reader: Int32
  private let writer: Int32

  init(inPlaceOf path: String) throws {
    var ends: [Int32] = [0, 0]
    guard unsafe pipe(&ends) == 0 else { throw TestProblem("pipe") }
    (reader, writer) = (ends[0], ends[1])
    for descriptor in 3..<Int32(1024)
    where Self.target(descriptor) == path && fcntl(descriptor, F_GETFL) & O_APPEND != 0 {
      guard dup2(writer, descriptor) == descriptor else { throw TestProblem("dup2") }
      return
    }
    throw TestProblem("the file is not open")
  }

  deinit {
    close(reader)
    close(writer)
  }

  private static func target(_ descriptor: Int32) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
    guard count >= 0 else { return nil }
    return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Writes until there is no room left; how many bytes that took.
  func fill() -> Int {
    let flags = fcntl(writer, F_GETFL)
    _ = fcntl(writer, F_SETFL, flags | O_NONBLOCK)
    defer { _ = fcntl(writer, F_SETFL, flags) }
    let bytes = [UInt8](repeating: 0, count: 4096)
    var total = 0
    for size in [4096, 1] {
      while true {
        let count = unsafe write(writer, bytes, size)
        if count < 0 { break }
        total += count
      }
    }
    return total
  }

  /// Reads what there is; how many bytes that were.
  func drain() -> Int {
    let flags = fcntl(reader, F_GETFL)
    _ = fcntl(reader, F_SETFL, flags | O_NONBLOCK)
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    var total = 0
    while true {
      let count = unsafe read(reader, &bytes, bytes.count)
      guard count > 0 else { return total }
      total += count
    }
  }
}
