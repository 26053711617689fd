import Encodings
import TensorModel

extension TensorPlanner.Decision {
  /// Why a tensor was packed as it was, for `--explain`.
  func reasons(_ info: TensorInfo, zeros: Int, _ effort: Effort) -> [String] {
    guard info.byteCount > 0 else { return [] }
    var reasons: [String] = []
    if zeros > 0 {
      let elements = info.byteCount / plan.element.width
      reasons.append("\(zeros) of \(elements) elements are zeros; a mask is taken where it is cheaper than coding them")
    }
    if !plan.element.isFloat {
      reasons.append("no floats of whole bytes: whole or by byte plane, whichever is smaller")
    } else if !sampled.isEmpty {
      let list = sampled.map { "\($0.candidate) \(Self.thousandths($0.fraction))" }.joined(separator: ", ")
      reasons.append("a sample came to, of its size: \(list)")
    } else if plan.values.count > 1 {
      reasons.append("each chunk was tried as \(plan.values.joined(separator: ", ")), and the smallest kept")
    } else {
      reasons.append("level \(effort.level) takes \(plan.values[0]) for floats without a trial")
    }
    return reasons
  }

  private static func thousandths(_ fraction: Double) -> String {
    let value = Int((fraction * 1000).rounded())
    let digits = String(value % 1000)
    return "\(value / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
  }
}
