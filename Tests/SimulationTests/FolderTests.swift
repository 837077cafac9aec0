import DurableFiles
import SecretMemory
import Testing

@Suite("A folder whose maker was killed")
struct FolderTests {
  /// A program makes folders and dies at the first or second call that waits for the disk. The next
  /// one finds them there, and relies on them; then the power fails.
  @Test("Is on the disk when the next program relies on it", arguments: 0...1, UInt64(1)...20)
  func outlivesPower(calls: Int, seed: UInt64) throws {
    let disk = SimulatedDisk(random: SeededRandom(seed: seed, stream: 1))
    defer { disk.remove() }
    disk.die(after: calls)
    #expect(throws: FileFailure.self) { try createPrivateFolders("\(disk.path)/one/two") }
    disk.restart(after: .program)
    try createPrivateFolders("\(disk.path)/one/two")
    var file = try AtomicFile(replacing: "\(disk.path)/one/two/kept", mode: 0o600)
    try file.write([1, 2, 3].bytes)
    try file.commit()
    disk.die()
    disk.restart(after: .machine)
    #expect(try readSecretFile("\(disk.path)/one/two/kept", limit: 10)?.count == 3)
  }
}
