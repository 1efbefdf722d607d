"""The demo: invented people and organisations, every situation of the programme on the day it is loaded."""
