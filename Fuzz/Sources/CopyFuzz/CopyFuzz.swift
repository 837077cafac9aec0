import Cryptography
import FuzzSupport
import SecretMemory
import Wire

@testable import KeyDistribution
@testable import TrentClient

private typealias Person = FuzzSupport.Person

/// `client open` with a key file, as a whole: any file, a copy that is bent, and copies whose head
/// or chunks only the owner of the key could have made so.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = unsafe FuzzInput(start, count)
  switch input.byte() % 4 {
  case 0: open(input.remainder(), nil)
  case 1:
    let content = Honest.content(&input)
    let copy = Honest.copy(content)
    let bent = copy.mutated(by: &input)
    open(bent, bent == copy ? content : nil)
  case 2: head(&input)
  default: chunks(&input)
  }
  return 0
}

/// Copies of Alice's, and her key.
private enum Honest {
  static let fileKey = World.bytes("fuzz copy key", 32)
  static let chunkByteCount = 4096

  static let key: [UInt8] = {
    var random = FuzzRandom(3)
    let file = PrincipalKey(name: Person.alice.name, realm: World.realm, random: &random).file()
    return [UInt8](file.bytes)
  }()

  /// Up to four chunks.
  static func content(_ input: inout FuzzInput) -> [UInt8] {
    let count = (Int(input.byte()) << 8 | Int(input.byte())) % (3 * chunkByteCount + 2)
    return (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  }

  static func head(
    chunkByteCount: UInt32 = UInt32(Self.chunkByteCount), owner: PrincipalName = Person.alice.name
  ) -> SealedCopyHeader {
    guard let key = try? PrincipalKey(key.bytes) else { fatalError("no key") }
    var random = FuzzRandom(4)
    return SealedCopyHeader(
      fileKey: secret(fileKey), owner: owner, realm: World.realm,
      secret: key.secret(salt: World.bytes("salt", 16)), chunkByteCount: chunkByteCount,
      random: &random)
  }

  static func parts(of content: [UInt8], by size: Int = chunkByteCount) -> [[UInt8]] {
    guard !content.isEmpty else { return [[]] }
    return stride(from: 0, to: content.count, by: size).map {
      [UInt8](content.dropFirst($0).prefix(size))
    }
  }

  static func copy(_ content: [UInt8]) -> [UInt8] {
    let head = head()
    let forge = ChunkForge(fileKey: fileKey, binding: head.binding)
    let parts = parts(of: content)
    return parts.enumerated().reduce(into: head.bytes) { copy, part in
      copy += forge.seal(
        part.element, number: UInt64(part.offset), isLast: part.offset == parts.count - 1)
    }
  }
}

// MARK: Made by who has the key

/// A head with any chunk size and owner, its chunks as it says.
private func head(_ input: inout FuzzInput) {
  var size = UInt32(0)
  for _ in 0..<4 { size = size << 8 | UInt32(input.byte()) }
  if input.byte() & 1 == 0 { size = 1 << (size % 32) }
  let owner = input.byte() & 7 == 7 ? Person.bob.name : Person.alice.name
  let content = Honest.content(&input)
  let head = Honest.head(chunkByteCount: size, owner: owner)
  let forge = ChunkForge(fileKey: Honest.fileKey, binding: head.binding)
  let parts = Honest.parts(of: content, by: max(16, Int(size)))
  let bytes = parts.enumerated().reduce(into: head.bytes) { copy, part in
    copy += forge.seal(
      part.element, number: UInt64(part.offset), isLast: part.offset == parts.count - 1)
  }
  let isAllowed = size >= 4096 && size <= 1 << 20 && size.nonzeroBitCount == 1
  open(bytes, isAllowed && owner == Person.alice.name ? content : nil)
}

/// Chunks with any number, length and mark, in any order.
private func chunks(_ input: inout FuzzInput) {
  let head = Honest.head()
  let forge = ChunkForge(fileKey: Honest.fileKey, binding: head.binding)
  var bytes = head.bytes
  var content: [UInt8] = []
  var isWhole = false
  var isRight = true
  for index in 0..<(1 + UInt64(input.byte() % 4)) {
    let choice = input.byte()
    let count = choice & 3 == 3 ? Int(input.byte()) * 17 : Honest.chunkByteCount
    let part = (0..<count).map { _ in choice }
    let number = choice & 0x1c == 0x1c ? UInt64(input.byte() % 5) : index
    let isLast = choice & 0x20 != 0
    bytes += forge.seal(part, number: number, isLast: isLast)
    let isFull = count == Honest.chunkByteCount
    isRight =
      isRight && !isWhole && number == index && (isFull || isLast && (count > 0 || index == 0))
      && count <= Honest.chunkByteCount
    content += part
    isWhole = isLast
  }
  open(bytes, isRight && isWhole ? content : nil)
}

// MARK: Opening

private let folder: MemoryFolder = {
  let folder = MemoryFolder()
  folder.put(Honest.key, at: "key")
  return folder
}()

/// - Parameter content: what has to come out; nil: nothing may.
private func open(_ copy: [UInt8], _ content: [UInt8]?) {
  let former = [UInt8]("what was there".utf8)
  folder.put(copy, at: "copy")
  folder.put(former, at: "opened")
  let reader = SealedCopyReader(
    OpenCopyOptions(
      owner: Person.alice.name, secret: .keyFile(folder.path + "/key"),
      input: folder.path + "/copy", output: .file(folder.path + "/opened")), person: Nobody())
  let isOpened = (try? reader.run()) != nil
  expect(isOpened == (content != nil), "what its owner sealed is opened, and that alone")
  expect(folder.get("opened") == content ?? former, "all of it is there, or what was there before")
  expect(folder.content().count == 3, "nothing else is left")
}
