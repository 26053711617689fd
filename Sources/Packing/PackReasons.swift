import Encodings
import TensorModel

extension TensorPlanner.Decision {
  /// Why a tensor was packed as it was, for `--explain`: a few words each.
  func reasons(_ info: TensorInfo, zeros: Int, _ effort: Effort) -> [String] {
    guard info.byteCount > 0 else { return [] }
    var reasons: [String] = []
    if zeros > 0 {
      reasons.append("\(Self.percent(zeros, of: info.byteCount / plan.element.width)) zeros")
    }
    if let groups = plan.groups {
      reasons.append("\(groups.kept) of \(groups.size) \(groups.isDown ? "down columns" : "along rows")")
    }
    if let grid { reasons.append(grid.explanation) }
    if !plan.element.isFloat {
      reasons.append("not floats, so byte by byte")
    } else if !sampled.isEmpty {
      reasons.append(
        "sample: " + sampled.map { "\($0.candidate) \(Self.thousandths($0.fraction))" }.joined(separator: ", "))
    } else if plan.values.count > 1 {
      reasons.append("smallest of " + plan.values.joined(separator: ", "))
    } else {
      reasons.append("level \(effort.level): no trials")
    }
    return reasons
  }

  private static func percent(_ part: Int, of whole: Int) -> String {
    let tenths = part == whole ? 1000 : min(999, Int((1000 * Double(part) / Double(whole)).rounded()))
    return tenths == 0 ? "< 0.1 %" : "\(tenths / 10).\(tenths % 10) %"
  }

  private static func thousandths(_ fraction: Double) -> String {
    let value = Int((fraction * 1000).rounded())
    let digits = String(value % 1000)
    return "\(value / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
  }
}
