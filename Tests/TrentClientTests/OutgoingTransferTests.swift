import FileTransfer
import Testing

@testable import TrentClient

/// What a sender makes of the receiver's last word (F4).
@Suite struct OutgoingTransferTests {
  private func exitCode(of receipt: Receipt, sent byteCount: UInt64) -> Int32? {
    do {
      try OutgoingTransfer.judge(receipt, sent: byteCount)
      return nil
    } catch {
      return error.exitCode
    }
  }

  @Test(arguments: [UInt64(0), 100, 1 << 40])
  func receiptForAsManyBytesAsWereSentIsSuccess(_ sent: UInt64) {
    #expect(exitCode(of: Receipt(.complete(exitStatus: 0), byteCount: sent), sent: sent) == nil)
  }

  @Test(arguments: [UInt64(0), 99, 101, 1 << 32 + 100, .max])
  func receiptForAnotherCountIsNoSuccess(_ told: UInt64) {
    let receipt = Receipt(.complete(exitStatus: 0), byteCount: told)
    #expect(exitCode(of: receipt, sent: 100) == TrentClient.ExitStatus.transferBroken.rawValue)
  }

  @Test(arguments: [
    Receipt.Outcome.complete(exitStatus: 1), .complete(exitStatus: 255),
    .programStopped(exitStatus: 0), .programStopped(exitStatus: 141),
  ])
  func aProgramThatFailedIsNoSuccess(_ outcome: Receipt.Outcome) {
    #expect(
      exitCode(of: Receipt(outcome, byteCount: 100), sent: 100)
        == TrentClient.ExitStatus.programFailed.rawValue)
  }

  @Test(arguments: TransferReason.allCases)
  func failingReceiptIsNoSuccessWhateverItCounts(_ reason: TransferReason) {
    let expected: TrentClient.ExitStatus =
      switch reason {
      case .damaged, .sourceFailed: .transferBroken
      case .programStopped: .programFailed
      default: .refusedByReceiver
      }
    #expect(
      exitCode(of: Receipt(.failed(reason), byteCount: 100), sent: 100) == expected.rawValue)
  }
}
