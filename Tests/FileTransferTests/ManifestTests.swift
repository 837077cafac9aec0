import FileTransfer
import SecretMemory
import Testing
import Wire

private func entry(_ path: String, _ kind: TransferEntry.Kind = .file(size: 1)) throws
  -> TransferEntry
{
  TransferEntry(
    path: try #require(EntryPath(path)), kind: kind, permissions: 0o6755,
    modified: Timestamp(milliseconds: 5))
}

/// Sends a list through the records of the protocol.
private func read(
  _ entries: [TransferEntry], as content: Manifest.Content = .files, total: UInt64?,
  announcing count: Int? = nil, at split: Int = 1
) throws -> Manifest {
  let announced = UInt32(count ?? entries.count)
  var writer = ByteWriter()
  writer.uint8(1)
  writer.zeros(32)
  writer.uint32(65536)
  writer.uint8(content.rawValue)
  writer.uint32(announced)
  writer.uint64(total ?? .max)
  let record = writer.publicBytes()
  var reader = ManifestReader(try Offer(record.bytes))
  var rest = entries[...]
  while !rest.isEmpty {
    let piece = rest.prefix(split)
    rest = rest.dropFirst(split)
    let bytes = piece.reduce([5, 0, UInt8(piece.count)]) { $0 + $1.encoded() }
    try reader.take(bytes.bytes)
  }
  return try reader.finish()
}

@Suite struct ManifestTests {
  @Test func aListComesBackAsItWas() throws {
    let entries = try [
      entry("a", .file(size: 5)), entry("tree", .folder), entry("tree/empty", .folder),
      entry("tree/link", .link(target: "sub/../sub/x")), entry("tree/sub", .folder),
      entry("tree/sub/x", .file(size: 0)),
    ]
    let list = try Manifest(.files, entries)
    #expect(list.totalSize == 5)
    #expect(list.topLevel.map(\.path.description) == ["a", "tree"])
    #expect(list.files.count == 2)
    for split in 1...7 {
      #expect(try read(list.entries, total: 5, at: split) == list)
    }
    #expect(list.entries.allSatisfy { $0.permissions & ~0o777 == 0 })
  }

  @Test func orderIsStrict() throws {
    for pair in [["b", "a"], ["a", "a"], ["a b", "a/x"]] {
      let entries = try pair.map { try entry($0, $0 == "a" ? .folder : .file(size: 1)) }
      #expect(throws: ManifestFault.self) { _ = try Manifest(.files, entries) }
      #expect(throws: ManifestFault.self) { _ = try read(entries, total: 2) }
    }
  }

  /// A parent that is a file in the same transfer (CVE-2023-43616's family), a link, or not there.
  @Test func everythingIsInAFolderOfTheList() throws {
    for kind in [TransferEntry.Kind.file(size: 1), .link(target: "x")] {
      let entries = try [entry("t", .folder), entry("t/a", kind), entry("t/a/b")]
      let path = try #require(EntryPath("t/a/b"))
      #expect(throws: ManifestFault.noFolder(path)) { _ = try Manifest(.files, entries) }
    }
    let path = try #require(EntryPath("t/a"))
    #expect(throws: ManifestFault.noFolder(path)) {
      _ = try Manifest(.files, [entry("t/a")])
    }
    #expect(throws: ManifestFault.noFolder(path)) {
      _ = try read([entry("s", .folder), entry("t/a")], total: 1)
    }
  }

  static let leadingOut = [
    "/etc/passwd", "..", "../..", "../x", "../../etc", "../tree/../..", "sub/../../x", "a//b",
    "", "/", "sub/", "./../..", "C:\\x", "a\0b", "\u{202e}x", "file/x", "link/x", "missing/x",
    String(repeating: "sub/../", count: 600) + "x",
  ]

  @Test(arguments: leadingOut) func linksThatLeadOutAreRefused(target: String) throws {
    let entries = try [
      entry("tree", .folder), entry("tree/bad", .link(target: target)), entry("tree/file"),
      entry("tree/link", .link(target: "sub")), entry("tree/sub", .folder),
    ]
    let path = try #require(EntryPath("tree/bad"))
    #expect(throws: ManifestFault.link(path)) { _ = try Manifest(.files, entries) }
    if target.utf8.count <= 4096 {
      #expect(throws: ManifestFault.self) { _ = try read(entries, total: 1) }
    }
  }

  @Test(arguments: ["file", "missing", "sub/x", "./sub", ".", "sub/..", "sub/../file", "bad"])
  func linksThatStayInsideAreTaken(target: String) throws {
    let entries = try [
      entry("tree", .folder), entry("tree/bad", .link(target: target)), entry("tree/file"),
      entry("tree/sub", .folder), entry("tree/sub/x"),
    ]
    #expect(try Manifest(.files, entries).entries == entries)
  }

  /// A link beside the tree would have to leave it.
  @Test func linksAtTheTopAreRefused() throws {
    #expect(throws: ManifestFault.self) {
      _ = try Manifest(.files, [entry("a"), entry("b", .link(target: "a"))])
    }
  }

  @Test func sizesAddUp() throws {
    let entries = try [entry("a", .file(size: 3)), entry("b", .file(size: 4))]
    #expect(try read(entries, total: 7).totalSize == 7)
    for total: UInt64 in [0, 6, 8] {
      #expect(throws: ManifestFault.size) { _ = try read(entries, total: total) }
    }
    let huge = try [entry("a", .file(size: .max - 1)), entry("b", .file(size: 1))]
    #expect(throws: ManifestFault.size) { _ = try Manifest(.files, huge) }
    let more = try [entry("a", .file(size: .max - 1)), entry("b", .file(size: 10))]
    #expect(throws: ManifestFault.size) { _ = try Manifest(.files, more) }
  }

  @Test func countsAreHeldTo() throws {
    let entries = try [entry("a"), entry("b")]
    #expect(throws: ManifestFault.tooManyEntries) { _ = try read(entries, total: 2, announcing: 1) }
    #expect(throws: ManifestFault.malformed) { _ = try read(entries, total: 2, announcing: 3) }
  }

  @Test func aFaultIsFinal() throws {
    let bytes = try [5, 0, 1] + entry("a").encoded()
    let record =
      [1] + [UInt8](repeating: 0, count: 32) + [0, 1, 0, 0, 1, 0, 0, 0, 1]
      + [0, 0, 0, 0, 0, 0, 0, 1]
    var reader = ManifestReader(try Offer(record.bytes))
    #expect((try? reader.take([5, 0].bytes)) == nil)
    #expect((try? reader.take(bytes.bytes)) == nil)
  }

  @Test func streamsAndTextsAreOneFile() throws {
    let stream = try entry("stdin", .file(size: nil))
    #expect(try read([stream], as: .stream, total: nil).totalSize == nil)
    #expect(try Manifest(.text, [entry("text", .file(size: 65536))]).totalSize == 65536)
    for entries in try [
      [entry("a", .folder)], [entry("a", .file(size: 1))],
      [entry("a", .folder), entry("a/b", .file(size: nil))],
    ] {
      #expect(throws: ManifestFault.self) { _ = try Manifest(.stream, entries) }
    }
    for entries in try [[entry("a", .folder)], [entry("a"), entry("b")], [stream]] {
      #expect(throws: ManifestFault.self) { _ = try Manifest(.text, entries) }
    }
    #expect(throws: ManifestFault.form) {
      _ = try Manifest(.text, [entry("text", .file(size: 65537))])
    }
    #expect(throws: ManifestFault.form) { _ = try Manifest(.files, [stream]) }
    #expect(throws: ManifestFault.form) { _ = try Manifest(.files, []) }
  }

  @Test func listsAreBounded() throws {
    let many = try (0...100_000).map { number in
      try entry("f" + String(1_000_000 + number), .file(size: 0))
    }
    #expect(try Manifest(.files, Array(many.dropLast())).entries.count == 100_000)
    #expect(throws: ManifestFault.tooManyEntries) { _ = try Manifest(.files, many) }
    let tail = String(repeating: "x", count: 240)
    let long = try (0..<70_000).map { number in
      try entry("\(1_000_000 + number)\(tail)", .file(size: 0))
    }
    #expect(throws: ManifestFault.tooLong) { _ = try Manifest(.files, long) }
  }

  @Test func batchesHoldAllOfALongListAndFitIntoRecords() throws {
    let entries = try (0..<3000).map { try entry("file number \(10_000 + $0)") }
    let list = try Manifest(.files, entries)
    let batches = EntryBatch.batches(of: list)
    #expect(batches.count > 1)
    #expect(batches.allSatisfy { $0.encoded().count <= 65_519 })
    #expect(batches.flatMap(\.entries) == entries)
  }

  @Test func everyFieldTellsListsApart() throws {
    let lists = try [
      Manifest(.files, [entry("a")]), Manifest(.files, [entry("b")]),
      Manifest(.files, [entry("a", .file(size: 2))]), Manifest(.files, [entry("a", .folder)]),
      Manifest(.text, [entry("a")]), Manifest(.files, [entry("a"), entry("b")]),
      Manifest(
        .files,
        [
          TransferEntry(
            path: #require(EntryPath("a")), kind: .file(size: 1), permissions: 0o755,
            modified: Timestamp(milliseconds: 6))
        ]),
    ]
    #expect(Set(lists.map(\.hash)).count == lists.count)
  }

  @Test func theStartIsWhereBothHaveTheSame() throws {
    let list = try Manifest(.files, [entry("a", .file(size: 10))])
    let point = ResumePoint(offset: 7, hash: [UInt8](1...32))
    #expect(point.fits(list))
    #expect(!ResumePoint(offset: 11, hash: [UInt8](1...32)).fits(list))
    let text = try Manifest(.text, [entry("a", .file(size: 10))])
    #expect(!point.fits(text))
    #expect(ResumePoint.beginning.fits(text))
    #expect(point.start(ownHash: [UInt8](1...32)).offset == 7)
    #expect(point.start(ownHash: [UInt8](2...33)).offset == 0)
    #expect(Start(offset: 7).answers(point))
    #expect(Start(offset: 0).answers(point))
    #expect(!Start(offset: 6).answers(point))
    #expect(!Start(offset: 8).answers(point))
  }
}
