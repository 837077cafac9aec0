import FileTransfer
import Glibc
import SecretMemory
import Testing
import Wire

@testable import TrentClient

/// Programs that take a transfer.
@Suite struct ReceivingProgramTests {
  /// Never tells to end.
  private struct Never: Stop {
    let descriptor: Int32 = -1
    func check() {}
  }

  private func variables() throws -> ProgramVariables {
    let path = try #require(EntryPath("file"))
    let entry = TransferEntry(
      path: path, kind: .file(size: 3), permissions: 0o644, modified: Timestamp(milliseconds: 1))
    let sender = try #require(PrincipalName("alice"))
    return ProgramVariables(of: try Manifest(.files, [entry]), from: sender)
  }

  @Test func aProgramThatCannotBeStartedSaysWhy() throws {
    // More than the kernel takes for one argument.
    let command = ": " + String(repeating: "x", count: 200_000)
    do {
      _ = try ReceivingProgram(command, variables(), stop: Never())
      Issue.record("started")
    } catch let failure as ProgramFailure {
      #expect("\(failure)".contains("could not be started: Argument list too long"))
    }
  }

  @Test func howAProgramHasEndedIsToldAsAShellDoes() {
    #expect(ProgramEnd(waitStatus: 0) == .exited(0))
    #expect(ProgramEnd(waitStatus: 3 << 8).status == 3)
    #expect(ProgramEnd(waitStatus: 255 << 8).status == 255)
    #expect(ProgramEnd(waitStatus: 9) == .killed(signal: 9))
    #expect(ProgramEnd(waitStatus: 0x80 | 11).status == 139)
  }

  @Test func whatIsLetGoOfIsEndedAndWaitedFor() throws {
    #expect(kill(try letGo(), 0) != 0)
  }

  /// - Returns: The process that there was.
  private func letGo() throws -> pid_t {
    let program = try ReceivingProgram("exec sleep 1000", variables(), stop: Never())
    let process = program.process
    #expect(kill(process, 0) == 0)
    return process
  }
}
