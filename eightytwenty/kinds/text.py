"""Text: its plain form has no space around it."""

from eightytwenty.kinds.integer import stray_spaces
from eightytwenty.schema import Repair

TEXT_REPAIRS = (Repair("stray spaces", "spaces around text have no meaning", stray_spaces),)
