import DurableFiles
import SecretMemory
import Testing

@Suite("A folder whose maker was killed")
struct FolderTests {
  /// A program makes folders and dies at one of the calls that wait for the disk. The next
  /// one finds them there, and relies on them; then the power fails.
  @Test("Is on the disk when the next program relies on it", arguments: 0...2, UInt64(1)...20)
  func outlivesPower(calls: Int, seed: UInt64) throws {
    let disk = SimulatedDisk(random: SeededRandom(seed: seed, stream: 1))
    defer { disk.remove() }
    disk.die(after: calls)
    #expect(throws: FileFailure.self) { try createPrivateFolders("\(disk.path)/one/two/three") }
    disk.restart(after: .program)
    try createPrivateFolders("\(disk.path)/one/two/three")
    var file = try AtomicFile(replacing: "\(disk.path)/one/two/three/kept", mode: 0o600)
    try file.write([1, 2, 3].bytes)
    try file.commit()
    disk.die()
    disk.restart(after: .machine)
    #expect(try readSecretFile("\(disk.path)/one/two/three/kept", limit: 10)?.count == 3)
  }
}
