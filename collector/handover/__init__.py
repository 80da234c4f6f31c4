"""What is made from a verified bundle for other people: papers, hand-over files, exports."""
