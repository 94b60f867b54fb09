"""Codes of failures in plain words."""

from __future__ import annotations

_REASONS = {
    "no_path": "no free way to a place from which it can be reached",
    "not_seen": "not in view from where the robot stood",
    "no_place": "no receptacle took it",
    "blocked": "something solid was in the way",
    "unreachable": "beyond the reach of the arm",
    "occluded": "hidden behind something",
    "nothing_there": "nothing at that point that the action applies to",
    "no_space": "no free patch on the receptacle",
    "closed": "the receptacle is closed",
    "invalid": "not possible for this thing",
    "hand_full": "the hand was not free",
    "hand_empty": "nothing in the hand",
    "not_openable": "it does not open",
    "timeout": "it took longer than it may",
    "slipped": "it slipped out of the hand",
    "black_frame": "frames without light",
    "no_depth": "frames without any depth",
    "broken_depth": "frames with depth that is no distance",
    "detector_failed": "frames in which the detector failed",
    "unknown_label": "detections of what nobody knows",
    "bad_score": "detections with a score that is none",
    "bad_box": "detections with a box that is none",
    "bad_mask": "detections with a mask that does not fit",
    "bad_belief": "detections with a belief that is none",
    "bad_feature": "detections with a feature that is no vector",
    "exception": "the episode crashed",
    "died": "the process of the episode died",
}


def explain(reason: str) -> str:
    """Return what a code means; one that is not known is said as it is."""
    return _REASONS.get(reason, reason.replace("_", " "))
