import Glibc
import KeyDistribution
import SecretMemory
import Testing
import Wire

@testable import Directory

/// User files as large realms have them, and names that meet in the index.
@Suite struct ManyUsersTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("pwd.txt")
  }

  /// What a KDC with many users needs for itself does not grow with what is known of each: here
  /// 14 MB of lines. In a process of its own, since others would be measured as well.
  @Test func usersTakeLittleMemory() async throws {
    let count = 50_000
    try putUsers(count, at: path)
    await #expect(processExitsWith: .success) { [path = path as String, count = count as Int] in
      let before = try privateBytes()
      let file = try openUsers(path)
      #expect(file.count == count)
      #expect(try privateBytes() - before < 10_000_000)
      for number in 0..<count {
        #expect(try file.record(of: try name("user\(number)"))?.keyVersion == UInt32(number))
      }
      #expect(try file.record(of: try name("user\(count)")) == nil)
      #expect(try privateBytes() - before < 10_000_000)
    }
  }

  /// Lines are read a block at a time: numbers and offsets go on across blocks.
  @Test func damageIsFoundAnywhere() throws {
    let damaged = [1, 4095, 5000, 7999]
    let plain = (0..<8000).map { number in
      damaged.contains(number) ? "damaged \(number)" : userText(number)
    }
    try put([usersHeader] + plain, at: path)
    let reports = Reports()
    let file = try openUsers(path, reports: reports)
    #expect(reports.all.map(\.line) == damaged.map { $0 + 2 })
    #expect(file.count == plain.count - damaged.count)
    for number in plain.indices {
      let record = try file.record(of: try name("user\(number)"))
      #expect(record?.keyVersion == (damaged.contains(number) ? nil : UInt32(number)))
    }
  }

  /// What a file system can leave after a power cut: megabytes of zeros. They are one line.
  @Test(arguments: [false, true])
  func zerosAreOneLine(areLast: Bool) throws {
    let zeros = [UInt8](repeating: 0, count: 3 << 20)
    let start = [UInt8]("\(usersHeader)\n\(userText(1))\n".utf8)
    let end = [UInt8]("\n\(userText(2))\n".utf8)
    try put(start + zeros + (areLast ? [] : end), at: path)
    let reports = Reports()
    let file = try openUsers(path, reports: reports)
    #expect(try file.record(of: try name("user1")) != nil)
    #expect((try file.record(of: try name("user2")) != nil) == !areLast)
    let kind: FileProblem.Kind = areLast ? .tornLine(.tooLong) : .damagedLine(.tooLong, name: nil)
    #expect(reports.all == [FileProblem(path: path, line: 3, kind: kind)])
    let torn = areLast ? [UInt8]("# torn: ".utf8) : []
    #expect(try contents(path) == start + torn + zeros + (areLast ? [UInt8(ascii: "\n")] : end))
  }

  /// Names of one hash are kept apart by the lines themselves.
  @Test(arguments: [1, 3])
  func namesOfOneHashAreKeptApart(bitCount: Int) async throws {
    let count = 60
    try putUsers(count, at: path)
    var file = try colliding(bitCount)
    for number in stride(from: 0, to: count, by: 2) {
      let changed = try user("user\(number)", keyVersion: UInt32(number) + 1000)
      #expect(await file.update(changed, replacing: UInt32(number)) == .done)
    }
    for number in count..<(count + 10) {
      let record = try user("user\(number)", keyVersion: UInt32(number))
      #expect(await file.register(record) == .done)
      #expect(await file.register(record) == .conflict)
    }
    for _ in 1...2 {
      #expect(file.count == count + 10)
      for number in 0..<(count + 10) {
        let isChanged = number < count && number % 2 == 0
        let record = try file.record(of: try name("user\(number)"))
        #expect(record?.name.description == "user\(number)")
        #expect(record?.keyVersion == UInt32(isChanged ? number + 1000 : number))
      }
      #expect(try file.record(of: try name("nobody")) == nil)
      file.close()
      file = try colliding(bitCount)
    }
  }

  private func colliding(_ bitCount: Int) throws -> UserFile {
    try UserFile(
      path: path, realm: realm, hasher: NameHasher(bitCount: bitCount),
      sealingWith: { _, _, _ in [] }, report: { _ in })
  }

  @Test func lastOfManyChangesCounts() async throws {
    var file = try openUsers(path)
    #expect(await file.register(try user("alice")) == .done)
    #expect(await file.register(try user("bob")) == .done)
    for version in UInt32(2)...300 {
      let record = try user("alice", keyVersion: version)
      #expect(await file.update(record, replacing: version - 1) == .done)
      #expect(try file.record(of: record.name) == record)
    }
    #expect(try lines(path).count == 302)
    file.close()

    file = try openUsers(path)
    let alice = try user("alice", keyVersion: 300)
    #expect(try lines(path) == [usersHeader, UserLine.text(try user("bob")), UserLine.text(alice)])
    #expect(try file.record(of: alice.name) == alice)
    #expect(try file.record(of: try name("bob"))?.keyVersion == 1)
    let next = try user("alice", keyVersion: 301)
    #expect(await file.update(next, replacing: 300) == .done)
    #expect(try file.record(of: next.name) == next)
  }

  /// Of a file written anew the lines are elsewhere than before; what is appended follows them.
  @Test func everyoneIsFoundInATidiedFile() async throws {
    let versions = (0..<3).flatMap { round in
      (0..<100).flatMap { number in
        ["# \(round) \(number)", "damaged", UserLine.text(versioned(number, round))]
      }
    }
    try put([usersHeader] + versions, at: path)
    var file = try openUsers(path)
    #expect(try lines(path).count == 1 + 600 + 100)
    #expect(await file.register(try user("carol")) == .done)
    for _ in 1...2 {
      for number in 0..<100 {
        let record = versioned(number, 2)
        #expect(try file.record(of: record.name) == record)
      }
      #expect(try file.record(of: try name("carol")) == (try user("carol")))
      file.close()
      file = try openUsers(path)
    }
    #expect(file.count == 101)
  }

  private func versioned(_ number: Int, _ round: Int) -> UserRecord {
    guard let record = try? user("user\(number)", keyVersion: UInt32(round)) else {
      preconditionFailure("the name is one")
    }
    return record
  }
}

/// The line of user number `number`, which is also the key version number.
private func userText(_ number: Int) -> String {
  guard let record = try? user("user\(number)", keyVersion: UInt32(number)) else {
    preconditionFailure("the name is one")
  }
  return UserLine.text(record)
}

private func putUsers(_ count: Int, at path: String) throws {
  try put([usersHeader] + (0..<count).map(userText), at: path)
}

/// Memory that is this process's alone.
private func privateBytes() throws -> Int {
  let text = String(decoding: try contents("/proc/self/smaps_rollup"), as: UTF8.self)
  let fields = text.split(separator: "\n").first { $0.hasPrefix("Private_Dirty:") }?
    .split(separator: " ")
  guard let fields, fields.count == 3, let kibibytes = Int(fields[1]) else {
    throw TestProblem("smaps_rollup")
  }
  return kibibytes << 10
}
