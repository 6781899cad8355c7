@echo off
rem Starts the Ghost provider on GHOST_NODE, or on the Node that is on the PATH; start.cjs checks that it is new enough.
if not defined GHOST_NODE set "GHOST_NODE=node"
"%GHOST_NODE%" "%~dp0start.cjs" %*
