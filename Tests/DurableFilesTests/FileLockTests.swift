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

  @Test func lockThatCannotBeMadeIsToldApartFromOneThatIsHeld() throws {
    let failure = #expect(throws: FileLockFailure.self) {
      _ = try FileLock(path: folder.file("no/lock"))
    }
    guard case .file(let reason) = failure else { throw TestProblem("lock") }
    #expect(reason.errno == ENOENT)
  }
}
