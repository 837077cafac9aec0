import DurableFiles
import Glibc
import Testing

@Suite struct FileLockTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func secondHolderIsRefusedUntilTheFirstLetsGo() throws {
    let path = folder.file("lock")
    do {
      let first = try FileLock(path: path)
      let failure = #expect(throws: FileLockFailure.held(path: path)) {
        _ = try FileLock(path: path)
      }
      #expect(failure?.description == "\(path) is locked: another process is using it")
      _ = consume first
    }
    _ = try FileLock(path: path)
    #expect(try permissions(path) == 0o600)
  }

  /// As between a fork and the exec that follows it, on another thread.
  @Test func lockIsGivenBackWhoeverElseHasItsFileOpen() throws {
    let path = folder.file("lock")
    let other: Int32
    do {
      let lock = try FileLock(path: path)
      let descriptor = (3..<Int32(1024)).first { isOpen($0, at: path) }
      other = dup(try #require(descriptor))
      _ = consume lock
    }
    defer { close(other) }
    #expect(isOpen(other, at: path))
    #expect(throws: Never.self) { _ = try FileLock(path: path) }
  }

  private func isOpen(_ descriptor: Int32, at path: String) -> Bool {
    var (found, named) = (stat(), stat())
    return unsafe fstat(descriptor, &found) == 0 && stat(path, &named) == 0
      && found.st_ino == named.st_ino && found.st_dev == named.st_dev
  }

  @Test func lockThatCannotBeMadeIsToldApartFromOneThatIsHeld() throws {
    let failure = #expect(throws: FileLockFailure.self) {
      _ = try FileLock(path: folder.file("no/lock"))
    }
    guard case .file(let reason) = failure else { throw TestProblem("lock") }
    #expect(reason.errno == ENOENT)
  }
}
